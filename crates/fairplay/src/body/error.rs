//! Why no SPC was found in a body.

use drm_primitives::base64::Base64Error;
use thiserror::Error;

use super::BODY_LIMIT;
use crate::spc::SpcError;

/// Why a body holds no SPC, or more than one. Carries nothing of an SPC.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum BodyError {
    /// What should be base64 is not. Positions do not count white space.
    #[error("the SPC is not base64: {0}")]
    Base64(Base64Error),
    /// No SPC in a form or JSON, or several.
    #[error("got {got} SPCs, expected one; several are several requests")]
    Count {
        /// How many.
        got: usize,
    },
    /// No body, or white space.
    #[error("the body is empty, expected an SPC")]
    Empty,
    /// It starts like JSON and is none.
    #[error("the body is not JSON in UTF-8: it ends to make sense at byte {at} of {length}")]
    NotJson {
        /// The byte at which reading stopped, from 1; one more than there are, if something is missing.
        at: usize,
        /// How many bytes came.
        length: usize,
    },
    /// A member that is known comes twice, or is not of its kind.
    #[error(
        "at byte {at} the JSON differs from {{\"spc\":\"…\"}} and from Apple's fairplay-streaming-request"
    )]
    Shape {
        /// The byte at which the difference was seen, from 1.
        at: usize,
    },
    /// The bytes are no SPC.
    #[error(transparent)]
    Spc(#[from] SpcError),
    /// More than [`BODY_LIMIT`] bytes.
    #[error("the body has {got} bytes, expected at most {BODY_LIMIT}")]
    TooLong {
        /// How many came.
        got: usize,
    },
}
