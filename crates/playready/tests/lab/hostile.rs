//! Bytes that nobody honest sends: never a panic, never a licence.

use drm_primitives::SequenceRandom;
use playready::challenge::wrap_in_key_message;
use playready::header::WrmHeader;
use playready::{Challenge, Refusal};
use proptest::prelude::*;

use crate::kit::{Lab, bytes};

fn challenge(lab: &Lab) -> Vec<u8> {
    let mut request = lab.request("4.2.0.0", Some("AESCTR"));
    request.custom_data = Some("BAEAAA".to_owned());
    lab.challenge(&lab.device(), &request)
}

#[test]
fn a_challenge_truncated_at_any_byte_is_refused_as_a_message() {
    let lab = Lab::new(200, 2);
    let body = challenge(&lab);
    for end in 0..body.len() {
        assert!(matches!(lab.refusal(&body[..end]), Refusal::Message(_)), "{end}");
    }
    let wrapped = wrap_in_key_message(&body);
    for end in (0..wrapped.len()).step_by(7) {
        assert!(matches!(lab.refusal(&wrapped[..end]), Refusal::Message(_)), "{end}");
    }
}

/// Of ten thousand alterations none gets a licence for anything but what was signed. Outside of it some change
/// nothing: the namespace that nobody uses, or the other alphabet of base64 in the signature.
#[test]
fn ten_thousand_mutations_get_no_licence_for_what_was_not_signed() {
    let lab = Lab::new(201, 2);
    let body = challenge(&lab);
    let text = String::from_utf8(body.clone()).unwrap();
    let place = |what: &str| text.find(what).unwrap();
    let signed = [place("<LA ")..place("</LA>") + 5, place("<SignedInfo")..place("</SignedInfo>") + 13];
    let random = SequenceRandom::new(202);
    for round in 0..10_000_u32 {
        let mut altered = body.clone();
        let [a, b, c, kind, byte] = bytes(&random);
        let at = u32::from_be_bytes([0, a, b, c]) as usize % body.len();
        match kind % 4 {
            0 => altered[at] ^= 1 << (byte % 8),
            1 => altered[at] = byte,
            2 => altered.insert(at, byte),
            _ => {
                altered.remove(at);
            }
        }
        if altered == body {
            continue;
        }
        if let Ok((_, policies)) = lab.answer(&altered) {
            let untouched = |range: &std::ops::Range<usize>| {
                altered.windows(range.len()).any(|window| window == &body[range.clone()])
            };
            assert!(signed.iter().all(untouched), "round {round}, byte {at}");
            assert_eq!(policies.len(), 2);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_no_challenge(body: Vec<u8>) {
        prop_assert!(Challenge::parse(&body).is_err());
        let wrapped = wrap_in_key_message(&body);
        prop_assert!(Challenge::parse(&wrapped).is_err());
    }

    #[test]
    fn any_xml_is_read_without_panic(text in "(<[a-zA-Z:/!?\\[\\]-]{0,9}[ =\"'a-z]{0,9}>|[&;<>a]{0,3}){0,60}") {
        prop_assert!(Challenge::parse(text.as_bytes()).is_err());
        let _ = WrmHeader::parse(&text);
    }

    #[test]
    fn any_header_that_is_read_and_can_be_written_comes_back(
        version in "4\\.[0-4]\\.0\\.0",
        kid in "[A-Za-z0-9+/]{21}[AQgw]==",
        algorithm in "AESCTR|AESCBC|COCKTAIL|",
        url in "[a-z:/&;<]{0,12}",
    ) {
        let text = format!(
            "<WRMHEADER xmlns=\"http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader\" version=\"{version}\"><DATA><PROTECTINFO><KIDS><KID ALGID=\"{algorithm}\" VALUE=\"{kid}\"></KID></KIDS><KID VALUE=\"{kid}\"/></PROTECTINFO><KID>{kid}</KID><LA_URL>{url}</LA_URL></DATA></WRMHEADER>"
        );
        if let Ok(header) = WrmHeader::parse(&text) {
            prop_assert_eq!(header.keys.len(), 1);
            if let Ok(written) = header.write() {
                prop_assert_eq!(WrmHeader::parse(&written), Ok(header));
            }
        }
    }
}
