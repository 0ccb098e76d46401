//! What goes to the key server and comes back, from end to end, over any values.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use drm_primitives::{ContentKey, SequenceRandom, base64};
use fairplay::lab::{LabAsset, LabCkc, LabSpc};
use fairplay::{AssetInfo, BodyForm, CreateCkc, HdcpType, Submission, Track, read_response};
use proptest::prelude::*;
use serde_json::Value;

fn track() -> impl Strategy<Value = Track> {
    (0_u64..5).prop_map(|number| Track::from_number(number).unwrap())
}

fn hdcp_type() -> impl Strategy<Value = HdcpType> {
    (-1_i64..=1).prop_map(|number| HdcpType::from_number(number).unwrap())
}

proptest! {
    #[test]
    fn no_response_panics(status in 100_u16..600, body: Vec<u8>, text in "[\\[{\"a-z:,0-9\\]}]{0,64}") {
        let _ = read_response(status, None, &body, &[]);
        let _ = read_response(200, None, text.as_bytes(), &[]);
        let inner = format!(r#"{{"fairplay-streaming-response":{{"create-ckc":{text}}}}}"#);
        let _ = read_response(200, Some(&text), inner.as_bytes(), &[]);
    }

    #[test]
    fn no_accept_panics(accept: String) {
        let ckc = read_response(
            200, None,
            br#"{"fairplay-streaming-response":{"create-ckc":[{"id":1,"status":0,"ckc":"AAAA"}]}}"#, &[],
        ).unwrap();
        let _ = BodyForm::Raw.answer(&ckc, Some(&accept));
    }

    #[test]
    fn a_lab_player_sees_what_the_token_held(
        key: [u8; 16], iv: [u8; 16], track in track(), hdcp_at_least in hdcp_type(),
        lease in 0_u32..=i32::MAX.unsigned_abs(), seed: u64,
    ) {
        let lab_spc = LabSpc::draw(&SequenceRandom::new(seed));
        let submission = Submission::parse(&lab_spc.to_bytes()).unwrap();
        let key = ContentKey::from_bytes(key);
        let asset = AssetInfo { key: &key, iv: &iv, track, hdcp_at_least, lease_seconds: lease };
        let request = CreateCkc { spc: &submission.spc, asset }.write();

        // The key server's part, with a reader that shares nothing with the writer.
        let request: Value = serde_json::from_slice(&request).unwrap();
        let item = request.pointer("/fairplay-streaming-request/create-ckc/0").unwrap();
        let sent = base64::decode(item.get("spc").unwrap().as_str().unwrap().as_bytes()).unwrap();
        let sent = LabSpc::read(&sent).unwrap();
        let ckc = base64::encode(&LabCkc::write(&sent, item.get("asset-info").unwrap()));
        let response = format!(
            r#"{{"fairplay-streaming-response":{{"create-ckc":[{{"id":1,"status":0,"ckc":"{ckc}"}}]}}}}"#
        );

        let ckc = read_response(200, None, response.as_bytes(), &[]).unwrap();
        let answer = submission.form.answer(&ckc, None);
        let seen = LabCkc::read(&answer.body, &lab_spc).unwrap().asset;
        let expected = LabAsset {
            key,
            iv,
            content_type: track.content_type().to_owned(),
            hdcp_type: track.hdcp_type().max(hdcp_at_least),
            lease_seconds: (lease > 0).then_some(lease),
        };
        prop_assert_eq!(seen, expected);
    }
}
