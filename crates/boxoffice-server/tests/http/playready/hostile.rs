//! Bodies that nobody honest sends (playready.md, section 14.4): always an answer, always one of the eleven faults,
//! and a licence only for what was signed.

use drm_primitives::{SystemRandom, base64};
use playready::challenge::wrap_in_key_message;

use super::world::{RIGHTS, World, fault, header, plain, random};

#[tokio::test]
async fn a_challenge_truncated_anywhere_is_a_fault() {
    let world = World::new().await;
    let token = world.purchase(1, "").await;
    let body = world.challenge(&world.device(), &header("4.2.0.0", Some("AESCTR"), &[0]));
    let wrapped = wrap_in_key_message(&body);
    for whole in [&body, &wrapped] {
        for end in (0..whole.len()).step_by(whole.len() / 100) {
            let refused = world.refused(&token, &whole[..end]).await;
            assert_eq!(refused.row(), ("0x8004c601", -4001, 400, "message"), "{end}");
        }
    }
}

#[tokio::test]
async fn of_hundreds_of_mutations_none_gets_a_licence_for_what_was_not_signed() {
    let world = World::new().await;
    let token = world.purchase(1, "").await;
    let mut request = header("4.2.0.0", Some("AESCTR"), &[0]);
    request.custom_data = Some(token.clone());
    let body = world.challenge(&world.device(), &request);
    let text = String::from_utf8(body.clone()).unwrap();
    let place = |what: &str| text.find(what).unwrap();
    let signed = [place("<LA ")..place("</LA>") + 5, place("<SignedInfo")..place("</SignedInfo>") + 13];
    for _ in 0..400 {
        let mut altered = body.clone();
        let [high, low, kind, byte] = random();
        let at = usize::from(u16::from_be_bytes([high, low])) % body.len();
        match kind % 4 {
            0 => altered[at] ^= 1 << (byte % 8),
            1 => altered[at] = byte,
            2 => altered.insert(at, byte),
            _ => {
                altered.remove(at);
            }
        }
        let answer = world.post(&token, altered.clone()).await;
        if answer.status == 200 {
            let untouched = |range: &std::ops::Range<usize>| {
                altered.windows(range.len()).any(|window| window == &body[range.clone()])
            };
            assert!(signed.iter().all(untouched), "byte {at} became {byte} by {}", kind % 4);
        } else {
            let refused = fault(&answer, RIGHTS);
            let known = [
                "message",
                "challenge-unreadable",
                "device-signature",
                "protocol-version",
                "token-malformed",
            ];
            assert!(known.contains(&refused.row().3), "{}", refused.json);
        }
    }
}

/// A text with `to` in the place of the last `from`.
fn replace_last(text: &str, from: &str, to: &str) -> String {
    let at = text.rfind(from).unwrap_or_else(|| panic!("{from} is not in {text}"));
    format!("{}{to}{}", &text[..at], &text[at + from.len()..])
}

/// Each value in base64, cut short, with a character that is none, or of another length: inside of what is signed by
/// a device that signs it so, outside by whoever passes it on.
#[tokio::test]
async fn base64_that_is_truncated_or_broken_is_a_fault_wherever_it_stands() {
    let world = World::new().await;
    let token = world.purchase(1, "").await;
    let device = world.device();
    let server = world.material().server_public_key();
    let draft = || device.draft(&plain(), server.as_bytes(), &SystemRandom).unwrap();
    let bad = |value: &str| {
        let cut = value.len() - 5;
        [
            value[..cut].to_owned(),
            value[4..].to_owned(),
            format!("*{}", &value[1..]),
            String::new(),
            format!("{value}AAAA"),
        ]
    };

    let nonce = |draft: &playready::lab_client::Draft| base64::encode(&draft.request.nonce);
    let made = draft();
    for broken in bad(&nonce(&made)) {
        let acquisition = made.acquisition().replace(&nonce(&made), &broken);
        let refused = world.refused(&token, device.sign(acquisition).to_soap()).await;
        assert_eq!(refused.row(), ("0x8004c601", -4001, 400, "message"), "nonce {broken:?}");
    }
    for value in [base64::encode(&made.encrypted_key), base64::encode(&made.encrypted_data)] {
        for broken in bad(&value) {
            let acquisition = made.acquisition().replace(&value, &broken);
            let refused = world.refused(&token, device.sign(acquisition).to_soap()).await;
            assert_eq!(refused.row(), ("0x8004c601", -4001, 400, "challenge-unreadable"));
        }
    }
    let chain = base64::encode(&device.chain);
    for broken in bad(&chain) {
        let data = device.data(&plain()).replace(&chain, &broken);
        let draft = device.draft_around(&plain(), &data, server.as_bytes(), &SystemRandom).unwrap();
        let refused = world.refused(&token, device.sign(draft.acquisition()).to_soap()).await;
        assert_eq!(refused.row(), ("0x8004c601", -4001, 400, "challenge-unreadable"));
    }

    let pieces = device.sign(made.acquisition());
    let text = String::from_utf8(pieces.to_soap()).unwrap();
    let digest = pieces.signed_info.split("<DigestValue>").nth(1).unwrap().split('<').next().unwrap();
    for value in [digest.to_owned(), base64::encode(&pieces.signature), base64::encode(&pieces.public_key)] {
        for broken in bad(&value) {
            let refused = world.refused(&token, replace_last(&text, &value, &broken)).await;
            assert_eq!(refused.row(), ("0x8004c601", -4001, 403, "device-signature"), "{broken:?}");
        }
    }
    assert_eq!(world.post(&token, text).await.status, 200);
}

#[tokio::test]
async fn keys_that_are_no_points_of_the_curve_sign_nothing() {
    let world = World::new().await;
    let token = world.purchase(1, "").await;
    let device = world.device();
    let challenge = world.challenge(&device, &plain());
    let text = String::from_utf8(challenge).unwrap();
    let own = base64::encode(device.signing_key.public());
    let mut beside = *device.signing_key.public();
    beside[63] ^= 1;
    for key in [[0; 64], [0xFF; 64], beside] {
        let refused = world.refused(&token, replace_last(&text, &own, &base64::encode(&key))).await;
        assert_eq!(refused.row(), ("0x8004c601", -4001, 403, "device-signature"));
    }
}

#[tokio::test]
async fn a_chain_whose_lengths_lie_or_that_is_longer_than_six_cannot_be_read() {
    let world = World::new().await;
    let token = world.purchase(1, "").await;
    // The chain's length, how many there are, the leaf's two lengths, its first object's.
    for (at, lie) in [(11, 1), (19, 2), (19, 4), (19, 7), (31, 4), (35, 4), (43, 0), (40, 0x7F)] {
        let mut device = world.device();
        let honest = device.chain[at];
        device.chain[at] =
            if at == 19 || lie == 0x7F { lie } else { honest.wrapping_add(lie).wrapping_add(1) };
        let refused = world.refused(&token, world.challenge(&device, &plain())).await;
        assert_eq!(refused.row(), ("0x8004c601", -4001, 400, "challenge-unreadable"), "byte {at}");
    }
}

/// A million laughs, an entity that reads a file, one that is declared outside.
#[tokio::test]
async fn no_entity_is_ever_expanded() {
    let world = World::new().await;
    let token = world.purchase(1, "").await;
    let text = String::from_utf8(world.challenge(&world.device(), &plain())).unwrap();
    let laugh = |level: u8| {
        let inside = format!("&l{};", level - 1).repeat(10);
        format!("<!ENTITY l{level} \"{inside}\">")
    };
    let laughs = (1..9).map(laugh).collect::<Vec<_>>().concat();
    for (declared, used) in [
        (format!("<!DOCTYPE l [<!ENTITY l0 \"ha\">{laughs}]>"), "&l8;"),
        ("<!DOCTYPE l [<!ENTITY file SYSTEM \"file:///etc/passwd\">]>".to_owned(), "&file;"),
        ("<!DOCTYPE l SYSTEM \"http://127.0.0.1:1/l.dtd\">".to_owned(), "&out;"),
        ("<!DOCTYPE l [<!ENTITY % p \"x\"> %p;]>".to_owned(), ""),
        (String::new(), "&nbsp;"),
    ] {
        let body = text.replacen("?><", &format!("?>{declared}<"), 1);
        let body = body.replace("<challenge>", &format!("<challenge>{used}"));
        let refused = world.refused(&token, body.clone()).await;
        assert_eq!(refused.row(), ("0x8004c601", -4001, 400, "message"), "{declared:.60}");
        assert!(!refused.json.to_string().contains("root:"));
        // Nor inside of what is signed and encrypted.
        let device = world.device();
        let server = world.material().server_public_key();
        let data = format!(
            "{declared}{}",
            device.data(&plain()).replace("<Features>", &format!("{used}<Features>"))
        );
        let draft = device.draft_around(&plain(), &data, server.as_bytes(), &SystemRandom).unwrap();
        let refused = world.refused(&token, device.sign(draft.acquisition()).to_soap()).await;
        assert_eq!(refused.row(), ("0x8004c601", -4001, 400, "challenge-unreadable"));
    }
}
