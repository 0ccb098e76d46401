//! A token as it is pasted: bare, in a URL, or in the JSON that a PlayReady token request answers with.

use std::fmt;
use std::str::FromStr;

use boxoffice_core::Drm;
use reqwest::Url;

/// A token, and the URL that it came in.
#[derive(Clone)]
pub struct GivenToken {
    /// The token itself.
    pub token: String,
    /// Where it is redeemed, with the token in its query; `None` for a bare one.
    pub url: Option<Url>,
}

/// The parameter that carries a token.
const PARAMETER: &str = "ExpressPlayToken";

impl GivenToken {
    /// The DRM whose redemption path the URL has.
    pub fn drm_of_path(&self) -> Option<Drm> {
        let path = self.url.as_ref()?.path();
        let alias = path.eq_ignore_ascii_case("/playready/RightsManager.asmx").then_some(Drm::PlayReady);
        let of_path = |drm: &Drm| path.ends_with(&format!("/hms/{}/rights/", drm.code()));
        Drm::ALL.into_iter().find(of_path).or(alias)
    }

    /// The URL at which a server redeems tokens of a DRM, with this one in its query.
    pub fn at(&self, server: &Url, drm: Drm) -> Url {
        let mut url = server.clone();
        url.set_path(&format!("{}/hms/{}/rights/", server.path().trim_end_matches('/'), drm.code()));
        url.query_pairs_mut().clear().append_pair(PARAMETER, &self.token);
        url
    }
}

impl FromStr for GivenToken {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err("got nothing, expected a token or its URL".to_owned());
        }
        if text.starts_with('{') {
            return from_json(text);
        }
        if text.starts_with('<') {
            return Err(refused(message_of_page(text)));
        }
        if !text.contains("://") {
            return Ok(Self { token: text.to_owned(), url: None });
        }
        let url = Url::parse(text).map_err(|error| format!("that is no URL: {error}"))?;
        let token =
            url.query_pairs().find(|(name, _)| name == PARAMETER).map(|(_, token)| token.into_owned());
        let token = token.ok_or_else(|| format!("the URL has no {PARAMETER} in its query"))?;
        Ok(Self { token, url: Some(url) })
    }
}

/// `{"licenseAcquisitionUrl":"…","token":"…"}`, the answer to a PlayReady token request.
fn from_json(text: &str) -> Result<GivenToken, String> {
    let answer: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("that is no JSON: {error}"))?;
    let text_of = |name: &str| answer.get(name).and_then(serde_json::Value::as_str);
    if answer.get("code").is_some() {
        let said: Vec<_> = ["message", "hint"].into_iter().filter_map(text_of).collect();
        return Err(refused(Some(&said.join("; ")).filter(|said| !said.is_empty()).map(String::as_str)));
    }
    let member = |name: &str| {
        let text = text_of(name);
        text.ok_or_else(|| format!("the JSON has no {name}, as the answer to a PlayReady token request has"))
    };
    let token = member("token")?.to_owned();
    let mut url =
        Url::parse(member("licenseAcquisitionUrl")?).map_err(|error| format!("that is no URL: {error}"))?;
    url.query_pairs_mut().clear().append_pair(PARAMETER, &token);
    Ok(GivenToken { token, url: Some(url) })
}

/// What somebody hears who gives the answer to a token request that was refused.
fn refused(message: Option<&str>) -> String {
    let message = message.unwrap_or("ask with errorFormat=json to see why");
    format!("that is no token, for the token request was refused: {message}")
}

/// The message in the page of a refusal: the one of its facts that begins with a code in brackets.
fn message_of_page(page: &str) -> Option<&str> {
    page.split("<dd").find_map(|fact| {
        let (text, _) = fact.split_once('>')?.1.split_once('<')?;
        text.starts_with('[').then_some(text)
    })
}

impl fmt::Debug for GivenToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever has a token has a licence.
        f.write_str("GivenToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_bare_from_a_url_and_from_json() {
        let bare: GivenToken = " AQAB-_ ".parse().unwrap();
        assert_eq!((bare.token.as_str(), bare.url.is_none()), ("AQAB-_", true));
        let url: GivenToken = "http://h:1/hms/wv/rights/?ExpressPlayToken=AQAB".parse().unwrap();
        assert_eq!((url.token.as_str(), url.drm_of_path()), ("AQAB", Some(Drm::Widevine)));
        let json: GivenToken =
            r#"{"licenseAcquisitionUrl":"http://h/hms/pr/rights/","token":"AQ"}"#.parse().unwrap();
        assert_eq!((json.token.as_str(), json.drm_of_path()), ("AQ", Some(Drm::PlayReady)));
        assert_eq!(json.url.unwrap().as_str(), "http://h/hms/pr/rights/?ExpressPlayToken=AQ");
        for nothing in ["", "http://h/hms/wv/rights/", "{}", "http://", "<p>"] {
            assert!(nothing.parse::<GivenToken>().is_err(), "{nothing}");
        }
    }

    #[test]
    fn a_bare_token_is_redeemed_below_the_base_of_a_server() {
        let token: GivenToken = "AQAB".parse().unwrap();
        let base = Url::parse("https://h/base/").unwrap();
        assert_eq!(
            token.at(&base, Drm::ClearKey).as_str(),
            "https://h/base/hms/ck/rights/?ExpressPlayToken=AQAB"
        );
    }

    #[test]
    fn the_answer_to_a_request_that_was_refused_is_no_token_and_says_why() {
        let page = "<!DOCTYPE html>\n<dl>\n<dt>Code</dt>\n<dd>-2019</dd>\n<dt>Message</dt>\n\
                    <dd lang=\"en\">[-2019] Insufficient tokens available</dd>\n</dl>";
        let error = page.parse::<GivenToken>().unwrap_err();
        assert!(error.ends_with("was refused: [-2019] Insufficient tokens available"), "{error}");
        let json = r#"{"code":-2019,"message":"[-2019] Insufficient tokens available","hint":"top it up"}"#;
        let error = json.parse::<GivenToken>().unwrap_err();
        assert!(error.ends_with("was refused: [-2019] Insufficient tokens available; top it up"), "{error}");
        let error = "<p>nothing of ours".parse::<GivenToken>().unwrap_err();
        assert!(error.ends_with("was refused: ask with errorFormat=json to see why"), "{error}");
    }
}
