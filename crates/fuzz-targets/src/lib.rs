//! What the fuzzer runs: one function a parser of hostile bytes, each of which asserts something.
//!
//! No fuzzing engine is here. `fuzz/` calls these functions with the bytes that its engine invents, which needs a
//! nightly compiler; `cargo test` calls them with the seeds of `fuzz/seeds/`, so that they never rot. Whatever a
//! function asserts holds for every input: a failed assertion is a defect of the parser. Start with [`TARGETS`].

mod clearkey_answer;
mod clearkey_request;
mod customer_authenticator;
mod fairplay_body;
mod fairplay_response;
mod kid;
mod parameters;
mod playready_answer;
mod playready_bcert;
mod playready_challenge;
mod playready_header;
mod playready_object;
mod playready_revocations;
mod playready_xmr;
mod sealed_token;
mod widevine_answer;
mod widevine_cloud;
mod widevine_device_file;
mod widevine_pssh;
mod widevine_request;
mod widevine_revocations;

pub use clearkey_answer::clearkey_answer;
pub use clearkey_request::clearkey_request;
pub use customer_authenticator::customer_authenticator;
pub use fairplay_body::fairplay_body;
pub use fairplay_response::fairplay_response;
pub use kid::kid;
pub use parameters::parameters;
pub use playready_answer::playready_answer;
pub use playready_bcert::playready_bcert;
pub use playready_challenge::playready_challenge;
pub use playready_header::playready_header;
pub use playready_object::playready_object;
pub use playready_revocations::playready_revocations;
pub use playready_xmr::playready_xmr;
pub use sealed_token::sealed_token;
pub use widevine_answer::widevine_answer;
pub use widevine_cloud::widevine_cloud;
pub use widevine_device_file::widevine_device_file;
pub use widevine_pssh::widevine_pssh;
pub use widevine_request::widevine_request;
pub use widevine_revocations::widevine_revocations;

/// A target: the name of its folder of seeds and of its binary, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, by name.
pub const TARGETS: &[Target] = &[
    ("clearkey_answer", clearkey_answer),
    ("clearkey_request", clearkey_request),
    ("customer_authenticator", customer_authenticator),
    ("fairplay_body", fairplay_body),
    ("fairplay_response", fairplay_response),
    ("kid", kid),
    ("parameters", parameters),
    ("playready_answer", playready_answer),
    ("playready_bcert", playready_bcert),
    ("playready_challenge", playready_challenge),
    ("playready_header", playready_header),
    ("playready_object", playready_object),
    ("playready_revocations", playready_revocations),
    ("playready_xmr", playready_xmr),
    ("sealed_token", sealed_token),
    ("widevine_answer", widevine_answer),
    ("widevine_cloud", widevine_cloud),
    ("widevine_device_file", widevine_device_file),
    ("widevine_pssh", widevine_pssh),
    ("widevine_request", widevine_request),
    ("widevine_revocations", widevine_revocations),
];
