//! The languages of error pages: English, and those of the interface's own pages.

use http::HeaderValue;

/// A language that pages are written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Language {
    /// `en`.
    English,
    /// `it`.
    Italian,
    /// `pt-BR`.
    Portuguese,
    /// `sv`.
    Swedish,
    /// `zh-Hans`.
    Chinese,
}

/// The words of a page. What stands for itself (codes, parameters, hints) is not among them.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) code: &'static str,
    pub(super) message: &'static str,
    pub(super) parameter: &'static str,
    pub(super) reason: &'static str,
    pub(super) hint: &'static str,
    pub(super) request: &'static str,
    pub(super) bad_request: &'static str,
    pub(super) not_authenticated: &'static str,
    pub(super) forbidden: &'static str,
    pub(super) not_found: &'static str,
    pub(super) method: &'static str,
    pub(super) too_large: &'static str,
    pub(super) too_many: &'static str,
    pub(super) own_failure: &'static str,
}

impl Language {
    /// The one that the client likes best of those that there are; English where it likes none.
    #[must_use]
    pub fn of(accept: Option<&HeaderValue>) -> Self {
        let accept = accept.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut best = (0, Self::English);
        for range in accept.split(',').take(32) {
            let mut parts = range.split(';');
            let Some(language) = Self::by_tag(parts.next().unwrap_or_default().trim()) else { continue };
            let quality = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1_000, thousandths);
            if quality > best.0 {
                best = (quality, language);
            }
        }
        best.1
    }

    /// zh and zh-CN are zh-Hans, pt is pt-BR (token-api.md, section 11).
    fn by_tag(tag: &str) -> Option<Self> {
        let tag = tag.to_ascii_lowercase();
        match tag.split('-').next().unwrap_or_default() {
            "en" => Some(Self::English),
            "it" => Some(Self::Italian),
            "pt" if tag == "pt" || tag == "pt-br" => Some(Self::Portuguese),
            "sv" => Some(Self::Swedish),
            "zh" if matches!(tag.as_str(), "zh" | "zh-cn" | "zh-hans" | "zh-hans-cn" | "zh-sg") => {
                Some(Self::Chinese)
            }
            _ => None,
        }
    }

    /// The language tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Italian => "it",
            Self::Portuguese => "pt-BR",
            Self::Swedish => "sv",
            Self::Chinese => "zh-Hans",
        }
    }

    pub(super) const fn words(self) -> &'static Words {
        match self {
            Self::English => &Words {
                title: "Request refused",
                code: "Code",
                message: "Message",
                parameter: "Parameter",
                reason: "Reason",
                hint: "Details",
                request: "Request",
                bad_request: "Something in the request is wrong.",
                not_authenticated: "The request is not authenticated.",
                forbidden: "This is not allowed.",
                not_found: "There is nothing at this address.",
                method: "This address has no such method.",
                too_large: "The request is too large.",
                too_many: "Too many requests. Please try again later.",
                own_failure: "The service cannot answer at the moment. Please try again later.",
            },
            Self::Italian => &Words {
                title: "Richiesta rifiutata",
                code: "Codice",
                message: "Messaggio",
                parameter: "Parametro",
                reason: "Motivo",
                hint: "Dettagli",
                request: "Richiesta",
                bad_request: "Qualcosa nella richiesta è errato.",
                not_authenticated: "La richiesta non è autenticata.",
                forbidden: "Operazione non consentita.",
                not_found: "A questo indirizzo non c’è nulla.",
                method: "Questo indirizzo non ammette tale metodo.",
                too_large: "La richiesta è troppo grande.",
                too_many: "Troppe richieste. Riprovare più tardi.",
                own_failure: "Il servizio al momento non può rispondere. Riprovare più tardi.",
            },
            Self::Portuguese => &Words {
                title: "Solicitação recusada",
                code: "Código",
                message: "Mensagem",
                parameter: "Parâmetro",
                reason: "Motivo",
                hint: "Detalhes",
                request: "Solicitação",
                bad_request: "Algo na solicitação está errado.",
                not_authenticated: "A solicitação não está autenticada.",
                forbidden: "Isto não é permitido.",
                not_found: "Não há nada neste endereço.",
                method: "Este endereço não aceita esse método.",
                too_large: "A solicitação é grande demais.",
                too_many: "Solicitações demais. Tente novamente mais tarde.",
                own_failure: "O serviço não pode responder no momento. Tente novamente mais tarde.",
            },
            Self::Swedish => &Words {
                title: "Begäran avvisades",
                code: "Kod",
                message: "Meddelande",
                parameter: "Parameter",
                reason: "Orsak",
                hint: "Detaljer",
                request: "Begäran",
                bad_request: "Något i begäran är fel.",
                not_authenticated: "Begäran är inte autentiserad.",
                forbidden: "Detta är inte tillåtet.",
                not_found: "Det finns inget på den här adressen.",
                method: "Den här adressen har ingen sådan metod.",
                too_large: "Begäran är för stor.",
                too_many: "För många förfrågningar. Försök igen senare.",
                own_failure: "Tjänsten kan inte svara just nu. Försök igen senare.",
            },
            Self::Chinese => &Words {
                title: "请求被拒绝",
                code: "代码",
                message: "消息",
                parameter: "参数",
                reason: "原因",
                hint: "详情",
                request: "请求",
                bad_request: "请求有误。",
                not_authenticated: "请求未通过身份验证。",
                forbidden: "不允许此操作。",
                not_found: "此地址没有内容。",
                method: "此地址不支持该方法。",
                too_large: "请求过大。",
                too_many: "请求过多，请稍后再试。",
                own_failure: "服务暂时无法响应，请稍后再试。",
            },
        }
    }
}

/// A quality value of 0 to 1 with up to three digits (RFC 9110, section 12.4.2), in thousandths.
fn thousandths(quality: &str) -> u16 {
    let (whole, fraction) = quality.trim().split_once('.').unwrap_or((quality.trim(), ""));
    let digit = |at: usize| {
        fraction
            .as_bytes()
            .get(at)
            .filter(|byte| byte.is_ascii_digit())
            .map_or(0, |byte| u16::from(byte - b'0'))
    };
    if whole == "1" { 1_000 } else { digit(0) * 100 + digit(1) * 10 + digit(2) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(accept: &'static str) -> &'static str {
        Language::of(Some(&HeaderValue::from_static(accept))).tag()
    }

    #[test]
    fn the_client_gets_what_it_likes_best_of_what_there_is() {
        assert_eq!(of("zh-CN"), "zh-Hans");
        assert_eq!(of("zh"), "zh-Hans");
        assert_eq!(of("zh-TW"), "en");
        assert_eq!(of("pt"), "pt-BR");
        assert_eq!(of("pt-PT"), "en");
        assert_eq!(of("de, sv;q=0.5, it;q=0.8"), "it");
        assert_eq!(of("it;q=0, *;q=0.1"), "en");
        assert_eq!(of("sv-SE"), "sv");
        assert_eq!(of(";;;,q=,en;q=9"), "en");
    }

    proptest! {
        #[test]
        fn no_header_panics(accept: Vec<u8>) {
            let _ = Language::of(HeaderValue::from_bytes(&accept).ok().as_ref());
        }
    }
}
