use drm_primitives::base64;
use fairplay::{BODY_LIMIT, BodyForm, SPC_BYTES, Submission};
use serde_json::json;

/// The body of a FairPlay redemption, in whatever form it comes: there is at most one SPC in it, of a length and a
/// version that may be, and it comes out of the other forms too.
pub fn fairplay_body(bytes: &[u8]) {
    let Ok(submission) = Submission::parse(bytes) else { return };
    assert!(bytes.len() <= BODY_LIMIT);
    let spc = submission.spc.as_bytes();
    assert!(SPC_BYTES.contains(&spc.len()) && (1..=255).contains(&submission.spc.version()));
    let encoded = base64::encode(spc);
    let json = json!({ "spc": encoded }).to_string();
    for (body, form) in
        [(spc, BodyForm::Raw), (encoded.as_bytes(), BodyForm::Base64), (json.as_bytes(), BodyForm::Json)]
    {
        let again = Submission { spc: submission.spc.clone(), form };
        assert_eq!(Submission::parse(body), Ok(again));
    }
}
