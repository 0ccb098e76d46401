//! Reads a text that may have one form only: no XML parser, so nothing that one forgives is forgiven.

use super::Violation;

pub(super) struct Scanner<'a> {
    rest: &'a str,
    rule: u8,
}

impl<'a> Scanner<'a> {
    /// Reads `text`; what is wrong breaks rule `rule` of section 14.3.
    pub(super) const fn new(text: &'a str, rule: u8) -> Self {
        Self { rest: text, rule }
    }

    /// These characters come next.
    pub(super) fn expect(&mut self, expected: &str) -> Result<(), Violation> {
        if self.skip(expected) {
            return Ok(());
        }
        let got: String = self.rest.chars().take(60).collect();
        let expected: String = expected.chars().take(60).collect();
        Err(Violation::new(self.rule, format!("expected {expected:?}, got {got:?}")))
    }

    /// Whether these characters come next; if so, they are passed.
    pub(super) fn skip(&mut self, expected: &str) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// `<name>`, a text without markup, `</name>`.
    pub(super) fn element(&mut self, name: &str) -> Result<&'a str, Violation> {
        self.expect(&format!("<{name}>"))?;
        let end = self.rest.find('<').unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.expect(&format!("</{name}>"))?;
        Ok(text)
    }

    /// An element with base64 in its one canonical form.
    pub(super) fn base64(&mut self, name: &str) -> Result<Vec<u8>, Violation> {
        let text = self.element(name)?;
        let bytes = drm_primitives::base64::decode(text.as_bytes()).unwrap_or_default();
        if drm_primitives::base64::encode(&bytes) == text {
            Ok(bytes)
        } else {
            Err(Violation::new(self.rule, format!("{name} is no canonical base64")))
        }
    }

    /// What has not been read.
    pub(super) const fn rest(&self) -> &'a str {
        self.rest
    }

    /// Nothing is left.
    pub(super) fn end(&self) -> Result<(), Violation> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Violation::new(self.rule, format!("{} bytes are left over", self.rest.len())))
        }
    }
}
