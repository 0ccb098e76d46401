//! What only the operator's policy may add to a request (widevine.md, sections 7.4 and 9.1).

use serde_json::{Map, Value};

/// The members that a request has by itself, and `parse_only`, with which there would be no licence.
const OURS: [&str; 8] = [
    "allowed_track_types",
    "content_id",
    "content_key_specs",
    "parse_only",
    "payload",
    "policy_overrides",
    "provider",
    "use_policy_overrides_exclusively",
];

/// What may be asked for in `session_init`.
const SESSION: [&str; 3] =
    ["override_provider_client_token", "provider_client_token", "provider_session_token"];

/// What may be added to the output protection of every key; its HDCP is the token's.
const OUTPUT: [&str; 2] = ["disable_analog_output", "hdcp_srm_rule"];

/// What is added to a request, checked: none of the members that it has by itself.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct CloudExtras {
    pub(super) members: Map<String, Value>,
    pub(super) output_protection: Map<String, Value>,
}

impl CloudExtras {
    /// Takes what may be added, and names what is ignored.
    #[must_use]
    pub fn read(upstream: &Map<String, Value>) -> (Self, Vec<String>) {
        let (mut extras, mut ignored) = (Self::default(), Vec::new());
        for (name, value) in upstream {
            match (name.as_str(), value) {
                ("required_output_protection", Value::Object(protection)) => {
                    extras.output_protection = only(name, protection, &OUTPUT, &mut ignored);
                }
                ("session_init", Value::Object(session)) => {
                    let session = only(name, session, &SESSION, &mut ignored);
                    if !session.is_empty() {
                        extras.members.insert(name.clone(), session.into());
                    }
                }
                ("required_output_protection" | "session_init", _) => ignored.push(name.clone()),
                (ours, _) if OURS.contains(&ours) => ignored.push(name.clone()),
                (_, value) => {
                    extras.members.insert(name.clone(), value.clone());
                }
            }
        }
        (extras, ignored)
    }
}

fn only(
    place: &str,
    members: &Map<String, Value>,
    known: &[&str],
    ignored: &mut Vec<String>,
) -> Map<String, Value> {
    let (taken, left): (Vec<_>, Vec<_>) =
        members.iter().partition(|(name, _)| known.contains(&name.as_str()));
    ignored.extend(left.into_iter().map(|(name, _)| format!("{place}.{name}")));
    taken.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl std::fmt::Debug for CloudExtras {
    // Session tokens are the operator's own business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.members.keys().chain(self.output_protection.keys()).collect();
        f.debug_tuple("CloudExtras").field(&names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_request_has_by_itself_is_never_replaced() {
        let upstream = json!({
            "payload": "x", "content_key_specs": [], "policy_overrides": {}, "parse_only": true,
            "allow_unverified_platform": false,
            "session_init": { "provider_session_token": "t", "session_id": "s" },
            "required_output_protection": { "hdcp": "HDCP_NONE", "disable_analog_output": true },
        });
        let (extras, mut ignored) = CloudExtras::read(upstream.as_object().unwrap());
        ignored.sort();
        let expected = [
            "content_key_specs",
            "parse_only",
            "payload",
            "policy_overrides",
            "required_output_protection.hdcp",
            "session_init.session_id",
        ];
        assert_eq!(ignored, expected);
        assert_eq!(extras.output_protection, *json!({ "disable_analog_output": true }).as_object().unwrap());
        assert_eq!(extras.members["session_init"], json!({ "provider_session_token": "t" }));
        assert!(!format!("{extras:?}").contains("\"t\""));
    }

    #[test]
    fn members_of_the_wrong_kind_are_ignored() {
        let upstream = json!({ "session_init": 1, "required_output_protection": "x" });
        let (extras, ignored) = CloudExtras::read(upstream.as_object().unwrap());
        assert_eq!((extras, ignored.len()), (CloudExtras::default(), 2));
    }
}
