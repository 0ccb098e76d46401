//! What the handler asks (playready.md, section 9.1).

use std::fmt;
use std::net::IpAddr;

use drm_primitives::{Kid, base64, hex};
use jiff::Timestamp;
use playready::Algorithm;
use serde_json::{Map, Value};
use thiserror::Error;
use zeroize::Zeroizing;

/// The longest body, in bytes.
pub(super) const BODY_LIMIT: usize = 65_536;

/// A question, parsed.
#[derive(Debug, PartialEq)]
pub(super) struct RedeemRequest {
    /// What the handler found, which has the token in it.
    pub token: TokenText,
    /// The KIDs of the header; none asks for every key of the token.
    pub kids: Vec<Kid>,
    /// The header's ALGID, if it names one.
    pub algorithm: Option<Algorithm>,
    /// For the record.
    pub header_version: Option<String>,
    /// For the record.
    pub protocol_version: Option<u32>,
    /// Who asks for a licence.
    pub client: Client,
    /// Where the player is.
    pub address: Option<IpAddr>,
}

/// A text with a token in it, which is neither printed nor left in memory.
#[derive(PartialEq)]
pub(super) struct TokenText(pub Zeroizing<String>);

/// The player's device, as the SDK has verified it.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Client {
    /// Of its certificate: 150, 2000 or 3000.
    pub security_level: u32,
    /// As the challenge has it.
    pub version: Option<String>,
    /// The device's clock.
    pub time: Option<Timestamp>,
    /// Its certificate's client id.
    pub device_id: Option<[u8; 16]>,
    /// The key digests of its certificates.
    pub certificate_digests: Vec<[u8; 32]>,
    /// For the record.
    pub manufacturer: Option<String>,
    /// For the record.
    pub model: Option<String>,
    /// For the record.
    pub model_number: Option<String>,
    /// For the record.
    pub features: Vec<String>,
}

/// Why a body is no question; the member's name is as the handler wrote it.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(super) enum RequestError {
    /// Not JSON in UTF-8.
    #[error("the body is not JSON: it ends to make sense at line {line}, column {column}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A member has another form than it should.
    #[error("{member}: expected {expected}")]
    Malformed {
        /// Its name, with dots and places.
        member: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A member that is needed is absent.
    #[error("{member} is missing: expected {expected}")]
    Missing {
        /// Its name, with dots.
        member: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// JSON, and no object.
    #[error("the body is no JSON object")]
    NotObject,
}

impl RedeemRequest {
    /// Reads a body. Unknown members are ignored; `null` counts as absent, as serializers write it for what they
    /// have not.
    ///
    /// # Errors
    /// [`RequestError`], for the first member that is wrong.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| RequestError::Json { line: error.line(), column: error.column() })?;
        let Value::Object(members) = value else { return Err(RequestError::NotObject) };
        let root = Members { prefix: "", members: &members };
        let token = root.needed("token", "a string", Value::as_str)?.to_owned();
        let kids = root.needed("kids", "an array of strings", Value::as_array)?;
        let kid = |value: &Value| Kid::from_hex(value.as_str()?.as_bytes()).ok();
        Ok(Self {
            token: TokenText(Zeroizing::new(token)),
            kids: root.each("kids", kids, "32 hex digits", kid)?,
            algorithm: root
                .read("algId", "AESCTR or AESCBC", |value| Algorithm::from_name(value.as_str()?))?,
            header_version: root.text("headerVersion")?,
            protocol_version: root.read("protocolVersion", "a whole number", number)?,
            client: Client::read(root.needed("client", "an object", Value::as_object)?)?,
            address: root.read("clientAddress", "an IP address", |value| {
                value.as_str()?.parse().ok().map(|address: IpAddr| address.to_canonical())
            })?,
        })
    }
}

impl Client {
    fn read(members: &Map<String, Value>) -> Result<Self, RequestError> {
        let client = Members { prefix: "client.", members };
        let security_level = client.read("securityLevel", "a whole number", number)?;
        let (member, expected) = ("client.securityLevel", "a whole number");
        let digest = |value: &Value| base64::decode(value.as_str()?.as_bytes()).ok()?.try_into().ok();
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let array = |name| client.read(name, "an array of strings", |value| value.as_array());
        let digests = array("certificateDigests")?.map(Vec::as_slice).unwrap_or_default();
        let features = array("features")?.map(Vec::as_slice).unwrap_or_default();
        Ok(Self {
            security_level: security_level.ok_or(RequestError::Missing { member, expected })?,
            version: client.text("clientVersion")?,
            time: client.read("clientTime", "a time like 2026-01-01T00:00:05Z", |value| {
                value.as_str()?.parse().ok()
            })?,
            device_id: client
                .read("deviceId", "32 hex digits", |value| hex::decode(value.as_str()?.as_bytes()).ok())?,
            certificate_digests: client.each("certificateDigests", digests, "base64 of 32 bytes", digest)?,
            manufacturer: client.text("manufacturer")?,
            model: client.text("model")?,
            model_number: client.text("modelNumber")?,
            features: client.each("features", features, "a string", text)?,
        })
    }
}

/// The members of one object.
struct Members<'a> {
    /// What stands before their names in an error.
    prefix: &'static str,
    members: &'a Map<String, Value>,
}

impl<'a> Members<'a> {
    /// A member that may be absent.
    fn read<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, RequestError> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let malformed =
                    || RequestError::Malformed { member: format!("{}{name}", self.prefix), expected };
                read(value).map(Some).ok_or_else(malformed)
            }
        }
    }

    /// A member that has to be there, of the outermost object.
    fn needed<T>(
        &self,
        member: &'static str,
        expected: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<T, RequestError> {
        self.read(member, expected, read)?.ok_or(RequestError::Missing { member, expected })
    }

    fn text(&self, name: &str) -> Result<Option<String>, RequestError> {
        self.read(name, "a string", |value| value.as_str().map(ToOwned::to_owned))
    }

    /// Each value of an array.
    fn each<T>(
        &self,
        name: &str,
        values: &[Value],
        expected: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, RequestError> {
        let one = |(place, value)| {
            let member = || format!("{}{name}[{place}]", self.prefix);
            read(value).ok_or_else(|| RequestError::Malformed { member: member(), expected })
        };
        values.iter().enumerate().map(one).collect()
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(..)")
    }
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Section 9.1, to the letter.
    const EXAMPLE: &str = r#"{
  "token": "BAEAAA…",
  "kids": ["33e0008cc44447709899a321e079dd36"],
  "algId": "AESCTR",
  "headerVersion": "4.0.0.0",
  "protocolVersion": 1,
  "client": {
    "securityLevel": 2000,
    "clientVersion": "3.1.0.1017",
    "clientTime": "2026-01-01T00:00:05Z",
    "deviceId": "000102030405060708090a0b0c0d0e0f",
    "certificateDigests": ["4YrPM6Y69tNEt/Rd90x4tFRA7YzUgy5Y+8ZCOWr6QE0="],
    "manufacturer": "LabCo", "model": "Lab Model", "modelNumber": "L-1",
    "features": ["SecureClock", "RevocationLists"]
  },
  "clientAddress": "203.0.113.7"
}"#;

    fn parse(body: &str) -> Result<RedeemRequest, String> {
        RedeemRequest::parse(body.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_example_of_the_specification_is_read_to_the_last_member() {
        let digest =
            hex::decode(b"e18acf33a63af6d344b7f45df74c78b45440ed8cd4832e58fbc642396afa404d").unwrap();
        let expected = RedeemRequest {
            token: TokenText(Zeroizing::new("BAEAAA…".to_owned())),
            kids: vec![Kid::from_hex(b"33e0008cc44447709899a321e079dd36").unwrap()],
            algorithm: Some(Algorithm::AesCtr),
            header_version: Some("4.0.0.0".to_owned()),
            protocol_version: Some(1),
            client: Client {
                security_level: 2000,
                version: Some("3.1.0.1017".to_owned()),
                time: Some(Timestamp::from_second(1_767_225_605).unwrap()),
                device_id: Some([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
                certificate_digests: vec![digest],
                manufacturer: Some("LabCo".to_owned()),
                model: Some("Lab Model".to_owned()),
                model_number: Some("L-1".to_owned()),
                features: vec!["SecureClock".to_owned(), "RevocationLists".to_owned()],
            },
            address: Some("203.0.113.7".parse().unwrap()),
        };
        let read = parse(EXAMPLE).unwrap();
        assert_eq!(read, expected);
        assert!(!format!("{read:?}").contains("BAEAAA"));
    }

    #[test]
    fn three_members_are_enough_and_unknown_ones_and_null_are_none() {
        let least = parse(r#"{"token":"t","kids":[],"client":{"securityLevel":150}}"#).unwrap();
        let more = r#"{"token":"t","kids":[],"client":{"securityLevel":150,"deviceId":null,"tee":{}},"algId":null,"x":[1]}"#;
        assert_eq!(parse(more), Ok(least));
    }

    #[test]
    fn a_missing_or_malformed_member_is_named() {
        let refused = |body: &str| parse(body).unwrap_err();
        assert_eq!(refused("{"), "the body is not JSON: it ends to make sense at line 1, column 1");
        assert_eq!(refused("[]"), "the body is no JSON object");
        assert_eq!(refused("{}"), "token is missing: expected a string");
        assert_eq!(refused(r#"{"token":null}"#), "token is missing: expected a string");
        for (good, bad, hint) in [
            (r#""BAEAAA…""#, "7", "token: expected a string"),
            ("\"kids\"", "\"kid\"", "kids is missing: expected an array of strings"),
            (
                r#"["33e0008cc44447709899a321e079dd36"]"#,
                r#""33e0008cc44447709899a321e079dd36""#,
                "kids: expected an array of strings",
            ),
            ("dd36\"]", "dd36\",\"^kid1\"]", "kids[1]: expected 32 hex digits"),
            ("AESCTR", "aesctr", "algId: expected AESCTR or AESCBC"),
            (r#""4.0.0.0""#, "4", "headerVersion: expected a string"),
            (
                "\"protocolVersion\": 1",
                "\"protocolVersion\": 1.5",
                "protocolVersion: expected a whole number",
            ),
            ("\"client\"", "\"device\"", "client is missing: expected an object"),
            ("\"securityLevel\"", "\"level\"", "client.securityLevel is missing: expected a whole number"),
            ("2000", "\"2000\"", "client.securityLevel: expected a whole number"),
            ("2000", "-1", "client.securityLevel: expected a whole number"),
            ("00:05Z", "00:05", "client.clientTime: expected a time like 2026-01-01T00:00:05Z"),
            ("0c0d0e0f", "0c0d0e", "client.deviceId: expected 32 hex digits"),
            ("4YrPM6Y6", "4YrP", "client.certificateDigests[0]: expected base64 of 32 bytes"),
            ("\"SecureClock\"", "4", "client.features[0]: expected a string"),
            ("203.0.113.7", "203.0.113.0/24", "clientAddress: expected an IP address"),
        ] {
            assert!(EXAMPLE.contains(good), "{good}");
            assert_eq!(refused(&EXAMPLE.replacen(good, bad, 1)), hint);
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let _ = RedeemRequest::parse(&body);
        }

        #[test]
        fn no_altered_example_panics(at in 0..EXAMPLE.len(), byte: u8) {
            let mut body = EXAMPLE.as_bytes().to_vec();
            body[at] = byte;
            let _ = RedeemRequest::parse(&body);
        }
    }
}
