//! What the operator answers.

use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::policy::Policy;

/// The longest answer that is read, in bytes.
pub(super) const ANSWER_LIMIT: usize = 64 * 1024;

/// How much of a hint is passed on, in characters.
const HINT: usize = 200;

/// What the operator decides.
#[derive(Debug, PartialEq)]
pub(super) enum Decision {
    /// A licence, perhaps a tighter one.
    Grant {
        /// What is tighter.
        policy: Box<Policy>,
        /// What the DRM's own licence service is told besides.
        upstream: Map<String, Value>,
    },
    /// None.
    Refuse {
        /// What the player is told.
        hint: Option<String>,
    },
}

/// What is no answer.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(super) enum AnswerError {
    /// A value that no licence can have: what was meant would be lost.
    #[error("its answer has {name} {got}, expected {expected}")]
    BadValue {
        /// The member.
        name: &'static str,
        /// Its value.
        got: i64,
        /// What it may be.
        expected: String,
    },
    /// Not the JSON of the specification.
    #[error("its answer is not the JSON that is expected: {0}")]
    NotUnderstood(String),
    /// Another status than 200.
    #[error("it answers with status {0}")]
    Status(u16),
}

#[derive(Deserialize)]
#[serde(tag = "decision", rename_all = "lowercase")]
enum Read {
    Grant {
        #[serde(default)]
        policy: Option<Box<Policy>>,
        #[serde(default)]
        upstream: Option<Map<String, Value>>,
    },
    Refuse {
        #[serde(default)]
        hint: Option<String>,
    },
}

impl Decision {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn read(status: u16, body: &[u8]) -> Result<Self, AnswerError> {
        if status != 200 {
            return Err(AnswerError::Status(status));
        }
        // Position and kind of the mistake; what else was sent is the operator's affair.
        let told = |error: serde_json::Error| {
            AnswerError::NotUnderstood(format!(
                "line {}, column {}, {:?}",
                error.line(),
                error.column(),
                error.classify()
            ))
        };
        Ok(match serde_json::from_slice(body).map_err(told)? {
            Read::Grant { policy, upstream } => {
                Self::Grant { policy: policy.unwrap_or_default(), upstream: upstream.unwrap_or_default() }
            }
            Read::Refuse { hint } => {
                let shown = |hint: String| -> String {
                    hint.chars().filter(|character| !character.is_control()).take(HINT).collect()
                };
                Self::Refuse { hint: hint.map(shown).filter(|hint| !hint.is_empty()) }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(body: &str) -> Result<Decision, AnswerError> {
        Decision::read(200, body.as_bytes())
    }

    #[test]
    fn grants_and_refusals_are_read_and_members_more_ignored() {
        let plain = Decision::Grant { policy: Box::default(), upstream: Map::new() };
        assert_eq!(read(r#"{"decision":"grant"}"#), Ok(plain));
        let Ok(Decision::Grant { policy, upstream }) = read(
            r#"{"decision":"grant","policy":{"can_persist":false,"hdcp":2,"playback_duration_seconds":null,"x":1},
                "upstream":{"a":{}},"note":"y"}"#,
        ) else {
            panic!("it is a grant")
        };
        assert_eq!(
            (policy.can_persist, policy.hdcp, policy.playback_duration_seconds),
            (Some(false), Some(2), None)
        );
        assert_eq!(policy.others.keys().collect::<Vec<_>>(), ["x"]);
        assert_eq!(upstream.len(), 1);
        assert_eq!(read(r#"{"decision":"refuse"}"#), Ok(Decision::Refuse { hint: None }));
        let hint = format!(r#"{{"decision":"refuse","hint":"too many\n{}"}}"#, "x".repeat(300));
        let Ok(Decision::Refuse { hint: Some(hint) }) = read(&hint) else { panic!("it has a hint") };
        assert!(hint.starts_with("too manyxx") && hint.chars().count() == HINT);
    }

    #[test]
    fn whatever_else_is_no_decision() {
        for body in [
            "",
            "{}",
            "[]",
            "grant",
            r#"{"decision":"Grant"}"#,
            r#"{"decision":"maybe"}"#,
            r#"{"decision":"grant","policy":{"can_persist":"no"}}"#,
            r#"{"decision":"grant","policy":{"rental_duration_seconds":-1}}"#,
            r#"{"decision":"grant","policy":{"rental_duration_seconds":4294967296}}"#,
            r#"{"decision":"grant","policy":[]}"#,
            r#"{"decision":"grant","upstream":"x"}"#,
            r#"{"decision":"grant"}x"#,
        ] {
            assert!(matches!(read(body), Err(AnswerError::NotUnderstood(_))), "{body}");
        }
        assert_eq!(Decision::read(204, b""), Err(AnswerError::Status(204)));
        let secret = read(r#"{"decision":"s3cret"}"#).unwrap_err().to_string();
        assert!(!secret.contains("s3cret"), "{secret}");
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
            let _ = Decision::read(200, &body);
            let _ = read(&text);
            let _ = read(&format!(r#"{{"decision":"grant","policy":{{{text}}}}}"#));
        }
    }
}
