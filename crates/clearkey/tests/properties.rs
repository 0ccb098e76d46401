//! What holds for any request, any token and any bytes.

use clearkey::{JsonKind, KID_LIMIT, Key, Request, RequestError, answer, lab_client};
use drm_primitives::{ContentKey, Kid, base64};
use proptest::collection::vec;
use proptest::prelude::*;

fn kids(count: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<Kid>> {
    vec(any::<[u8; 16]>().prop_map(Kid::from_bytes), count)
}

/// KIDs out of a small set, so that requests and tokens meet.
fn common_kids(count: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<Kid>> {
    vec((0_u8..12).prop_map(|byte| Kid::from_bytes([byte; 16])), count)
}

fn once(kids: &[Kid]) -> Vec<Kid> {
    let mut once = Vec::new();
    for kid in kids {
        if !once.contains(kid) {
            once.push(*kid);
        }
    }
    once
}

proptest! {
    #[test]
    fn no_body_panics(body: Vec<u8>) {
        let _ = Request::parse(&body);
        let _ = lab_client::accept(&body, &[]);
    }

    #[test]
    fn no_json_panics(kids in "[\\[{\"a-z:,0-9\\]}]{0,64}", kind in "[a-z\"{}\\[\\]]{0,12}") {
        let _ = Request::parse(format!("{{\"kids\":{kids},\"type\":{kind}}}").as_bytes());
    }

    #[test]
    fn no_text_of_a_kid_panics(text: String) {
        let body = serde_json::to_vec(&serde_json::json!({ "kids": [text] })).unwrap();
        let _ = Request::parse(&body);
    }

    #[test]
    fn a_damaged_request_never_panics_and_never_names_too_many(
        kids in kids(1..=KID_LIMIT), at: prop::sample::Index, byte: u8,
    ) {
        let mut body = lab_client::request(&kids);
        *at.get_mut(&mut body) = byte;
        if let Ok(request) = Request::parse(&body) {
            prop_assert!((1..=KID_LIMIT).contains(&request.kids().len()));
        }
    }

    #[test]
    fn any_request_round_trips_in_any_alphabet(kids in kids(1..=KID_LIMIT), spelling in 0..4_u8) {
        let texts: Vec<String> = kids.iter().map(|kid| match spelling {
            0 => base64::encode(kid.as_bytes()),
            1 => base64::encode(kid.as_bytes()).trim_end_matches('=').to_owned(),
            2 => base64::encode_url(kid.as_bytes()),
            _ => format!("{}==", base64::encode_url(kid.as_bytes())),
        }).collect();
        let body = serde_json::to_vec(&serde_json::json!({ "kids": texts })).unwrap();
        let request = Request::parse(&body).unwrap();
        prop_assert_eq!(request.kids(), once(&kids));
    }

    #[test]
    fn any_other_member_of_kids_is_named_with_its_index(kids in kids(1..=8), at in 0_usize..=8) {
        let mut texts: Vec<serde_json::Value> =
            kids.iter().map(|kid| base64::encode_url(kid.as_bytes()).into()).collect();
        let index = at.min(texts.len());
        texts.insert(index, serde_json::Value::Null);
        let body = serde_json::to_vec(&serde_json::json!({ "kids": texts })).unwrap();
        prop_assert_eq!(
            Request::parse(&body),
            Err(RequestError::KidNotString { index, got: JsonKind::Null })
        );
    }

    #[test]
    fn the_strict_client_accepts_every_answer_and_gets_its_own_keys_alone(
        asked in common_kids(1..=KID_LIMIT), held in common_kids(1..=16),
    ) {
        let held = once(&held);
        let secrets: Vec<ContentKey> =
            held.iter().map(|kid| ContentKey::from_bytes(kid.as_bytes().map(|byte| byte ^ 0xA5))).collect();
        let keys: Vec<Key<'_>> =
            held.iter().zip(&secrets).map(|(&kid, key)| Key { kid, key }).collect();
        let request = Request::parse(&lab_client::request(&asked)).unwrap();
        let expected: Vec<Kid> = once(&asked).into_iter().filter(|kid| held.contains(kid)).collect();
        let rest: Vec<Kid> = once(&asked).into_iter().filter(|kid| !held.contains(kid)).collect();
        match answer(&request, &keys) {
            Ok(grant) => {
                prop_assert_eq!(grant.not_granted(), rest);
                let accepted = lab_client::accept(&grant.write(), &asked).unwrap();
                prop_assert!(accepted.iter().map(|(kid, _)| *kid).eq(expected));
                for (kid, key) in accepted {
                    prop_assert_eq!(key.expose(), &kid.as_bytes().map(|byte| byte ^ 0xA5));
                }
            }
            Err(none) => {
                prop_assert!(expected.is_empty());
                prop_assert_eq!(none.asked, once(&asked));
                prop_assert_eq!(none.held, held);
            }
        }
    }
}
