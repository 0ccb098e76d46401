//! A decision that is given again to whoever asks again (playready.md, section 9, `Idempotency-Key`).

use boxoffice_core::Environment;
use boxoffice_core::key_ring::KeyId;
use boxoffice_core::seal::Envelope;
use boxoffice_storage::RememberedAnswer;
use drm_primitives::Random;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::grant::GrantText;
use crate::installation::RingKey;

/// How long a decision is given again.
pub(super) const REMEMBERED_FOR: SignedDuration = SignedDuration::from_mins(10);

/// A decision, but for the number of a grant's record.
#[derive(Eq, PartialEq)]
pub(super) enum Decision {
    /// Keys and policy.
    Grant {
        text: GrantText,
        /// The record's time, in microseconds since 1970: with it the record is found again.
        recorded_at: i64,
    },
    /// The body of a refusal.
    Refuse { status: StatusCode, body: Vec<u8> },
}

/// The question that a decision answers.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    /// Where it was asked.
    pub environment: Environment,
    /// `Idempotency-Key`.
    pub key: &'a str,
    /// SHA-256 over its body.
    pub body_hash: [u8; 32],
}

impl Decision {
    /// Seals it for the database under the newest storage key of the environment; it opens as the answer to this
    /// question alone.
    pub fn remember(
        &self,
        question: &Question<'_>,
        ring: &[RingKey],
        now: Timestamp,
        random: &dyn Random,
    ) -> RememberedAnswer {
        let key = ring.last().expect("a ring has a key");
        let mut sealed = key.id.0.to_be_bytes().to_vec();
        Envelope::new(&key.secret).seal_onto(&mut sealed, &question.context(), &self.encode(), random);
        let expires = now.checked_add(REMEMBERED_FOR).unwrap_or(Timestamp::MAX);
        RememberedAnswer {
            environment: question.environment,
            key: question.key.to_owned(),
            body_hash: question.body_hash,
            sealed,
            expires,
        }
    }

    /// Opens what was remembered; `None` where no key of the ring opens it.
    pub fn recall(question: &Question<'_>, ring: &[RingKey], sealed: &[u8]) -> Option<Self> {
        let (id, sealed) = sealed.split_first_chunk()?;
        let id = KeyId(u32::from_be_bytes(*id));
        let key = ring.iter().find(|key| key.id == id)?;
        let encoded = Envelope::new(&key.secret).open(&question.context(), sealed).ok()?;
        Self::decode(&encoded)
    }

    /// Status (2 bytes, big-endian), then of a grant the time of its record (8), the length of its head (4), its
    /// head and its tail, of a refusal its body.
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Grant { text: GrantText { head, tail }, recorded_at } => {
                let length =
                    u32::try_from(head.len()).expect("the head has some hundred bytes").to_be_bytes();
                let status = StatusCode::OK.as_u16().to_be_bytes();
                let parts: [&[u8]; 5] = [&status, &recorded_at.to_be_bytes(), &length, head, tail];
                Zeroizing::new(parts.concat())
            }
            Self::Refuse { status, body } => {
                Zeroizing::new([&status.as_u16().to_be_bytes()[..], body].concat())
            }
        }
    }

    fn decode(encoded: &[u8]) -> Option<Self> {
        let (status, rest) = encoded.split_first_chunk()?;
        let status = StatusCode::from_u16(u16::from_be_bytes(*status)).ok()?;
        if status != StatusCode::OK {
            return Some(Self::Refuse { status, body: rest.to_vec() });
        }
        let (recorded_at, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (head, tail) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let text = GrantText { head: Zeroizing::new(head.to_vec()), tail: Zeroizing::new(tail.to_vec()) };
        Some(Self::Grant { text, recorded_at: i64::from_be_bytes(*recorded_at) })
    }
}

impl Question<'_> {
    /// Binds what is sealed to its question, so that a row that somebody moved does not open.
    fn context(&self) -> Vec<u8> {
        let name = format!("boxoffice webhook decision v1/{}/{}/", self.environment, self.key);
        [name.as_bytes(), &self.body_hash].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::key_ring::Secret32;
    use drm_primitives::SequenceRandom;

    fn ring(ids: &[u32]) -> Vec<RingKey> {
        let key = |&id: &u32| RingKey {
            id: KeyId(id),
            created_at: Timestamp::UNIX_EPOCH,
            secret: Secret32::new([u8::try_from(id).unwrap(); 32]),
        };
        ids.iter().map(key).collect()
    }

    fn grant() -> Decision {
        let bytes = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
        let text = GrantText { head: bytes("{\"a\":1}"), tail: bytes("{\"contentKey\":\"x\"}") };
        Decision::Grant { text, recorded_at: -5 }
    }

    const QUESTION: Question<'_> =
        Question { environment: Environment::Test, key: "12345678", body_hash: [9; 32] };

    #[test]
    fn a_decision_opens_as_the_answer_to_its_question_alone() {
        let random = SequenceRandom::new(1);
        let refusal = Decision::Refuse { status: StatusCode::BAD_REQUEST, body: b"{}".to_vec() };
        for decision in [grant(), refusal] {
            let answer = decision.remember(&QUESTION, &ring(&[1, 2]), Timestamp::UNIX_EPOCH, &random);
            assert_eq!(answer.expires, Timestamp::from_second(600).unwrap());
            assert!(!answer.sealed.windows(10).any(|window| window == b"contentKey"));
            // Sealed under the newest, which may be followed by another meanwhile.
            let recall = |question: &Question<'_>, ids: &[u32]| {
                Decision::recall(question, &ring(ids), &answer.sealed) == Some(decision.clone_for_test())
            };
            assert!(recall(&QUESTION, &[1, 2]) && recall(&QUESTION, &[2, 3]));
            assert!(!recall(&QUESTION, &[1]));
            assert!(!recall(&Question { key: "12345679", ..QUESTION }, &[2]));
            assert!(!recall(&Question { environment: Environment::Production, ..QUESTION }, &[2]));
            assert!(!recall(&Question { body_hash: [8; 32], ..QUESTION }, &[2]));
        }
    }

    impl Decision {
        fn clone_for_test(&self) -> Self {
            Self::decode(&self.encode()).unwrap()
        }
    }

    #[test]
    fn what_is_cut_short_is_no_decision() {
        let encoded = grant().encode();
        let head_ends_at = 2 + 8 + 4 + 7;
        for length in 0..head_ends_at {
            assert!(Decision::decode(&encoded[..length]).is_none(), "{length}");
        }
    }
}
