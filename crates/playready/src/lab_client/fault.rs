//! A fault as a client reads it (section 6): one form, eleven codes.

use super::Violation;
use super::scanner::Scanner;

const RULE: u8 = 9;

const CODES: [&str; 11] = [
    "0x8004c065",
    "0x8004c600",
    "0x8004c601",
    "0x8004c602",
    "0x8004c604",
    "0x8004c605",
    "0x8004c606",
    "0x8004c60a",
    "0x8004c60b",
    "0x8004c60c",
    "0x8004c60d",
];

/// What a fault says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReceivedFault {
    /// `StatusCode`: one of the eleven.
    pub status_code: &'static str,
    /// faultstring.
    pub message: String,
    /// faultactor.
    pub actor: String,
    /// `CustomData`: the JSON's text.
    pub custom_data: String,
    /// `code` in it.
    pub code: i64,
    /// `reason` in it, if it has one.
    pub reason: Option<String>,
}

impl ReceivedFault {
    /// Reads the body of a fault.
    ///
    /// # Errors
    /// A [`Violation`] of rule 9.
    pub fn read(text: &str) -> Result<Self, Violation> {
        let mut scanner = Scanner::new(text, RULE);
        scanner.expect("<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soap:Body><soap:Fault><faultcode>soap:Server</faultcode>")?;
        let message = unescape(scanner.element("faultstring")?)?;
        let actor = unescape(scanner.element("faultactor")?)?;
        scanner.expect("<detail><Exception>")?;
        let code = scanner.element("StatusCode")?;
        let custom_data = unescape(scanner.element("CustomData")?)?;
        scanner.expect("</Exception></detail></soap:Fault></soap:Body></soap:Envelope>")?;
        scanner.end()?;
        let broken = |what: String| Violation::new(RULE, what);
        let status_code = CODES
            .into_iter()
            .find(|known| *known == code)
            .ok_or_else(|| broken(format!("StatusCode {code:?} is not documented")))?;
        if actor.contains('?') {
            return Err(broken("faultactor has a query".to_owned()));
        }
        let json: serde_json::Value =
            serde_json::from_str(&custom_data).map_err(|error| broken(format!("CustomData: {error}")))?;
        let code = json
            .get("code")
            .and_then(serde_json::Value::as_i64)
            .ok_or_else(|| broken("CustomData has no code".to_owned()))?;
        if json.get("message").and_then(serde_json::Value::as_str) != Some(&message) {
            return Err(broken("faultstring does not repeat the message".to_owned()));
        }
        let reason = json.get("reason").and_then(serde_json::Value::as_str).map(str::to_owned);
        Ok(Self { status_code, message, actor, custom_data, code, reason })
    }
}

fn unescape(text: &str) -> Result<String, Violation> {
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('&');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let known =
            [("amp;", '&'), ("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("apos;", '\''), ("#13;", '\r')];
        let (rest, character) = known
            .iter()
            .find_map(|(name, character)| Some((part.strip_prefix(name)?, *character)))
            .ok_or_else(|| Violation::new(RULE, "an unknown entity".to_owned()))?;
        plain.push(character);
        plain.push_str(rest);
    }
    Ok(plain)
}
