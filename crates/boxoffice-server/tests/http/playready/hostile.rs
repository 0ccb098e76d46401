//! Bodies that nobody honest sends (playready.md, section 14.4): always an answer, always one of the eleven faults,
//! and a licence only for what was signed.

use playready::challenge::wrap_in_key_message;

use super::world::{RIGHTS, World, fault, header, random};

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
