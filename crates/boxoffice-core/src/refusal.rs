//! Why a request is refused: a code, and everything that helps whoever asked.

use std::fmt;

use crate::Event;

/// What a refusal counts as: an event of the catalogue, or a bare HTTP status such as 404.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// A code of the catalogue.
    Event(Event),
    /// An HTTP status that stands for itself (token-api.md, section 11).
    Status(u16),
}

/// A request that is refused. Built where the cause is known and turned into HTML, JSON or a SOAP fault by
/// the outermost layer alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    code: Code,
    status: u16,
    parameter: Option<String>,
    reason: Option<&'static str>,
    hint: String,
    retry_after: Option<u32>,
}

impl Refusal {
    /// A code of the catalogue, with its usual status; `hint` is one sentence: what was got, what was
    /// expected, what to do. Of keys and authenticators it names only length and position.
    #[must_use]
    pub fn new(event: Event, hint: impl Into<String>) -> Self {
        Self {
            code: Code::Event(event),
            status: event.usual_status(),
            parameter: None,
            reason: None,
            hint: hint.into(),
            retry_after: None,
        }
    }

    /// A bare HTTP status.
    #[must_use]
    pub fn of_status(status: u16, hint: impl Into<String>) -> Self {
        Self {
            code: Code::Status(status),
            status,
            parameter: None,
            reason: None,
            hint: hint.into(),
            retry_after: None,
        }
    }

    /// Names the parameter, as it was sent, with its index.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>) -> Self {
        self.parameter = Some(name.into());
        self
    }

    /// Gives the stable word that tells the causes of one code apart.
    #[must_use]
    pub const fn reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Another status than the usual one. It has to be in the catalogue.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        if let Code::Event(event) = self.code {
            debug_assert!(
                event.info().statuses.contains(&status),
                "{event:?} is not catalogued with {status}"
            );
        }
        self.status = status;
        self
    }

    /// Says when to try again: `503` and `429` do, in seconds.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// What it counts as.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The number in the answer: the event's, or the status.
    #[must_use]
    pub const fn code_number(&self) -> i32 {
        match self.code {
            Code::Event(event) => event.code(),
            Code::Status(status) => status as i32,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn http_status(&self) -> u16 {
        self.status
    }

    /// The parameter at fault, if it is one.
    #[must_use]
    pub fn parameter_name(&self) -> Option<&str> {
        self.parameter.as_deref()
    }

    /// The stable word.
    #[must_use]
    pub const fn reason_word(&self) -> Option<&'static str> {
        self.reason
    }

    /// The sentence.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// Seconds after which to try again.
    #[must_use]
    pub const fn retry_seconds(&self) -> Option<u32> {
        self.retry_after
    }

    /// The text of the catalogue, or of the status, without code and details.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        match self.code {
            Code::Event(event) => event.info().text,
            Code::Status(400) => "Bad Request",
            Code::Status(401) => "Unauthorized",
            Code::Status(403) => "Forbidden",
            Code::Status(404) => "Not Found",
            Code::Status(405) => "Method Not Allowed",
            Code::Status(408) => "Request Timeout",
            Code::Status(409) => "Conflict",
            Code::Status(413) => "Content Too Large",
            Code::Status(414) => "URI Too Long",
            Code::Status(429) => "Too Many Requests",
            Code::Status(503) => "Service Unavailable",
            Code::Status(_) => "Error",
        }
    }

    /// `[-2018] Authentication token invalid: <details>`; texts that do not end in a colon stay as they are.
    #[must_use]
    pub fn message(&self) -> String {
        let (code, text) = (self.code_number(), self.text());
        match self.code {
            Code::Event(event) if event.takes_details() => format!("[{code}] {text} {}", self.hint),
            Code::Event(_) | Code::Status(_) => format!("[{code}] {text}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.message())?;
        if let Some(reason) = self.reason {
            write!(f, " ({reason})")?;
        }
        let said_already = matches!(self.code, Code::Event(event) if event.takes_details());
        if said_already || self.hint.is_empty() { Ok(()) } else { write!(f, ": {}", self.hint) }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_bracketed_code_and_details_only_after_a_colon() {
        let refusal = Refusal::new(Event::AuthenticatorInvalid, "it was revoked");
        assert_eq!(refusal.message(), "[-2018] Authentication token invalid: it was revoked");
        let refusal = Refusal::new(Event::KidMissing, "say which key").parameter("kid");
        assert_eq!(refusal.message(), "[-4018] Missing kid");
        assert_eq!(refusal.to_string(), "400 [-4018] Missing kid: say which key");
        assert_eq!(Refusal::of_status(404, "").message(), "[404] Not Found");
    }
}
