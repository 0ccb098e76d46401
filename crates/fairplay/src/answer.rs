//! The CKC as the player expects it (fairplay.md, section 3).

use drm_primitives::base64;

use crate::body::BodyForm;
use crate::ckc::Ckc;

const BYTES: &str = "application/octet-stream";
const TEXT: &str = "text/plain";
const JSON: &str = "application/json";

/// A body and its type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl BodyForm {
    /// Wraps a CKC as the SPC was wrapped, unless `Accept` prefers another of the three types. A type is
    /// preferred by its `q` alone: the default of a well-known HTTP library, `application/json, text/plain,
    /// */*`, would otherwise turn every raw answer into JSON.
    #[must_use]
    pub fn answer(&self, ckc: &Ckc, accept: Option<&str>) -> Answer {
        let natural = self.content_type();
        let wanted = accept.map_or(natural, |accept| preferred(accept, natural));
        let bytes = ckc.as_bytes();
        let body = match (wanted, self) {
            (BYTES, _) => bytes.to_vec(),
            (TEXT, Self::Form) => format!("<ckc>{}</ckc>", base64::encode(bytes)).into_bytes(),
            (TEXT, _) => base64::encode(bytes).into_bytes(),
            (_, Self::Apple(item)) => format!(
                r#"{{"fairplay-streaming-response":{{"{}":[{{"id":{},"status":0,"ckc":"{}"}}]}}}}"#,
                item.operation.name(),
                item.id,
                base64::encode(bytes)
            )
            .into_bytes(),
            (_, _) => format!(r#"{{"ckc":"{}"}}"#, base64::encode(bytes)).into_bytes(),
        };
        Answer { content_type: wanted, body }
    }

    const fn content_type(&self) -> &'static str {
        match self {
            Self::Apple(_) | Self::Json => JSON,
            Self::Base64 | Self::Form => TEXT,
            Self::Raw => BYTES,
        }
    }
}

/// The type of highest quality; the natural one, if it is among these, else the one that is named first.
fn preferred(accept: &str, natural: &'static str) -> &'static str {
    let mut best = (quality(accept, natural), natural);
    let named = accept.split(',').filter_map(|range| {
        let (name, _) = range.split_once(';').unwrap_or((range, ""));
        [BYTES, TEXT, JSON].into_iter().find(|known| known.eq_ignore_ascii_case(name.trim()))
    });
    for candidate in named {
        let quality = quality(accept, candidate);
        if quality > best.0 {
            best = (quality, candidate);
        }
    }
    best.1
}

/// The quality of a type in thousandths, by the most specific range that covers it (RFC 9110, section
/// 12.5.1).
fn quality(accept: &str, content_type: &str) -> u16 {
    let (family, _) = content_type.split_once('/').unwrap_or((content_type, ""));
    let mut found = (0_u8, 0);
    for range in accept.split(',') {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let name = name.trim();
        let specificity = match name.split_once('/') {
            Some(_) if name.eq_ignore_ascii_case(content_type) => 3,
            Some((start, "*")) if start.eq_ignore_ascii_case(family) => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        if specificity > found.0 {
            found = (specificity, weight(parameters));
        }
    }
    found.1
}

fn weight(parameters: &str) -> u16 {
    let weight = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f32>().ok())?
    });
    match weight {
        None => 1_000,
        // At most three decimals are written; the range makes the conversion exact.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        Some(weight) => (weight.clamp(0.0, 1.0) * 1_000.0).round() as u16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{AppleItem, AppleOperation};

    fn ckc() -> Ckc {
        Ckc::new(vec![0xFB, 0xFF, 0x00]).unwrap()
    }

    fn apple() -> BodyForm {
        BodyForm::Apple(AppleItem { operation: AppleOperation::StreamingKeys, id: 7.into() })
    }

    fn answer(form: &BodyForm, accept: Option<&str>) -> (&'static str, Vec<u8>) {
        let answer = form.answer(&ckc(), accept);
        (answer.content_type, answer.body)
    }

    #[test]
    fn every_form_has_its_answer() {
        assert_eq!(answer(&BodyForm::Raw, None), (BYTES, vec![0xFB, 0xFF, 0x00]));
        assert_eq!(answer(&BodyForm::Base64, None), (TEXT, b"+/8A".to_vec()));
        assert_eq!(answer(&BodyForm::Form, None), (TEXT, b"<ckc>+/8A</ckc>".to_vec()));
        assert_eq!(answer(&BodyForm::Json, None), (JSON, br#"{"ckc":"+/8A"}"#.to_vec()));
        assert_eq!(
            answer(&apple(), None),
            (
                JSON,
                br#"{"fairplay-streaming-response":{"streaming-keys":[{"id":7,"status":0,"ckc":"+/8A"}]}}"#
                    .to_vec()
            )
        );
        let create = BodyForm::Apple(AppleItem { operation: AppleOperation::CreateCkc, id: 1.into() });
        assert_eq!(
            answer(&create, None).1,
            br#"{"fairplay-streaming-response":{"create-ckc":[{"id":1,"status":0,"ckc":"+/8A"}]}}"#
        );
    }

    #[test]
    fn accept_overrides_every_form() {
        for form in [BodyForm::Raw, BodyForm::Base64, BodyForm::Form, BodyForm::Json, apple()] {
            assert_eq!(answer(&form, Some("application/octet-stream")), (BYTES, vec![0xFB, 0xFF, 0x00]));
            assert_eq!(answer(&form, Some("Text/Plain")).0, TEXT);
            assert_eq!(answer(&form, Some("application/json; charset=utf-8")).0, JSON);
        }
        assert_eq!(answer(&apple(), Some("text/plain")).1, b"+/8A");
        assert_eq!(answer(&BodyForm::Raw, Some("application/json")).1, br#"{"ckc":"+/8A"}"#);
        assert_eq!(answer(&BodyForm::Form, Some("text/plain")).1, b"<ckc>+/8A</ckc>");
    }

    #[test]
    fn what_accept_likes_no_better_leaves_the_form_alone() {
        for accept in [
            "*/*",
            "",
            "image/webp",
            "application/json, text/plain, */*",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/json;q=0",
            ";;,,=q",
        ] {
            assert_eq!(answer(&BodyForm::Raw, Some(accept)).0, BYTES, "{accept}");
        }
    }

    #[test]
    fn the_best_quality_wins_and_then_the_first_named() {
        let type_for = |accept: &str| answer(&BodyForm::Raw, Some(accept)).0;
        assert_eq!(type_for("text/plain;q=0.5, application/json;q=0.9"), JSON);
        assert_eq!(type_for("text/plain, application/json"), TEXT);
        assert_eq!(type_for("application/json, */*;q=0.1"), JSON);
        assert_eq!(type_for("application/*;q=0.4, text/plain;q=0.5"), TEXT);
    }
}
