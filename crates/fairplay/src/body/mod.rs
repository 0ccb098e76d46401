//! The forms in which players and integrators send an SPC, told apart by looking (fairplay.md, section 3).

mod error;
mod form;
mod json;
mod text;

use std::borrow::Cow;

pub use error::BodyError;
pub use json::{AppleItem, AppleOperation};

use crate::spc::{Spc, SpcError};

/// The longest body, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// A player's request: its SPC, and how it was wrapped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Submission {
    /// The SPC.
    pub spc: Spc,
    /// How it came, and so how the answer goes.
    pub form: BodyForm,
}

/// How an SPC came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BodyForm {
    /// `fairplay-streaming-request`, as Apple's sample page writes it.
    Apple(AppleItem),
    /// Its base64 and nothing else.
    Base64,
    /// A form with the field `spc`.
    Form,
    /// `{"spc":"…"}`.
    Json,
    /// Its bytes.
    Raw,
}

impl Submission {
    /// Finds the one SPC of a body. `Content-Type` is not asked: it is wrong too often.
    ///
    /// # Errors
    /// [`BodyError`], for the first thing that is wrong.
    pub fn parse(body: &[u8]) -> Result<Self, BodyError> {
        if body.len() > BODY_LIMIT {
            return Err(BodyError::TooLong { got: body.len() });
        }
        let trimmed = body.trim_ascii();
        if trimmed.is_empty() {
            return Err(BodyError::Empty);
        }
        // The version of an SPC is a number below 256 in four bytes, so the first is 0, as no text's is.
        if body.first() == Some(&0) {
            return Ok(Self { spc: Spc::new(body.to_vec())?, form: BodyForm::Raw });
        }
        if trimmed.starts_with(b"{") {
            return json::parse(body);
        }
        // What is no text can only have been meant as a raw SPC, and the number that it starts with says
        // what it is instead.
        let Some(text) = text::printable(body) else {
            return Ok(Self { spc: Spc::new(body.to_vec())?, form: BodyForm::Raw });
        };
        // Spaces stay: in a form, the last of them is a `+` that lost itself.
        let text = text.trim_matches(['\r', '\n', '\t']);
        if text.starts_with("-----BEGIN CERTIFICATE") {
            return Err(BodyError::Spc(SpcError::Certificate));
        }
        if form::is_form(text) {
            return Ok(Self { spc: spc(&form::spc_field(text)?)?, form: BodyForm::Form });
        }
        Ok(Self { spc: spc(text)?, form: BodyForm::Base64 })
    }
}

/// Base64 of an SPC, white space between its lines aside.
fn spc(text: &str) -> Result<Spc, BodyError> {
    let text = text::without_white_space(text);
    let bytes = drm_primitives::base64::decode(text.as_bytes()).map_err(BodyError::Base64)?;
    Ok(Spc::new(bytes)?)
}

/// A field that has to be there.
fn present(text: Option<Cow<'_, str>>) -> Result<Cow<'_, str>, BodyError> {
    text.ok_or(BodyError::Count { got: 0 })
}
