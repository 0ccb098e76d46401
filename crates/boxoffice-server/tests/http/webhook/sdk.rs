//! The handler's part, as docs/playready-sdk.md describes it: what an operator writes around the vendor's SDK. In the
//! SDK's place stands the lab's issuer, which verifies challenges and writes licences; every key and every rule comes
//! from the webhook's JSON alone.

use aws_lc_rs::{digest, hmac};
use boxoffice_core::Environment;
use drm_primitives::{ContentKey, Kid, SystemRandom, base64, hex};
use jiff::Timestamp;
use playready::policy::{ExplicitOutput, Extension, OutputKind, OutputProtectionLevels};
use playready::{
    Algorithm, Challenge, Device, Fault, FaultCode, Guid, Issuer, LicencePolicy, Revocations, SecurityLevel,
};
use serde_json::{Value, json};

use crate::kit::{Answer, Lab, Request};

/// Where handlers ask.
pub const PATH: &str = "/v1/playready/redeem";

/// A lab's settings with a webhook in the test environment, for a handler that signs or bears `SECRET`.
pub const SETTINGS: &str = "[environments.test.playready.webhook]\nauth = [\"hmac\", \"bearer\"]\n\
                            secret_files = { k1 = \"DIR/k1\", k2 = \"DIR/k2\" }\n";

/// What stands in `k1`; `k2` has the next one.
pub const SECRET: &str = "b4f2a6d0c8e1";
pub const NEXT_SECRET: &str = "0d9c3e7a5b11";

/// A lab with a webhook, and what else the settings say.
pub async fn lab(further: &str) -> Lab {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("k1"), format!("{SECRET}\n")).unwrap();
    std::fs::write(directory.path().join("k2"), format!("{NEXT_SECRET}\r\n")).unwrap();
    std::fs::write(directory.path().join("wrap"), (0..32).collect::<Vec<u8>>()).unwrap();
    Lab::in_directory(directory, &format!("{SETTINGS}{further}")).await
}

/// A question with nothing but what it needs, for all keys of a token.
pub fn question(token: &str) -> Value {
    json!({ "token": token, "kids": [], "client": { "securityLevel": 2000 } })
}

/// A signed call.
pub fn call(lab: &Lab, key: &str, body: &str) -> Request {
    call_in(Environment::Test, lab.app.now(), key, body)
}

pub fn call_in(environment: Environment, now: Timestamp, key: &str, body: &str) -> Request {
    let timestamp = now.as_second().to_string();
    let request = Request::post(PATH, "application/json", body)
        .header("Idempotency-Key", key)
        .header("X-Boxoffice-Key", "k1")
        .header("X-Boxoffice-Timestamp", &timestamp)
        .header("X-Boxoffice-Signature", &sign(SECRET, &format!("{timestamp}.POST {PATH}\n{body}")));
    match environment {
        Environment::Test => request,
        Environment::Production => request.host("prod.localhost"),
    }
}

pub fn sign(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("v1={}", hex::encode(hmac::sign(&key, text.as_bytes()).as_ref()))
}

/// Asks once, with a key of its own for each question.
pub async fn ask(lab: &Lab, question: &Value) -> Answer {
    let body = question.to_string();
    let key = hex::encode(digest::digest(&digest::SHA256, body.as_bytes()).as_ref());
    lab.send(call(lab, &key, &body)).await
}

/// The operator's service: what stands between player and webhook.
pub struct Sdk<'a> {
    lab: &'a Lab,
    issuer: Issuer,
}

impl<'a> Sdk<'a> {
    pub fn new(lab: &'a Lab) -> Self {
        Self { lab, issuer: lab.app.issuers().lab().playready_material.issuer() }
    }

    /// Answers a player: status and body. The player's own address is `address`.
    pub async fn answer(&self, challenge: &[u8], address: &str) -> (u16, Vec<u8>) {
        let now = self.lab.app.now().as_second();
        // The SDK has done this before it calls the handler.
        let parsed = Challenge::parse(challenge).unwrap();
        let device = self.issuer.identify(&parsed, now, &Revocations::default()).unwrap();

        let key = hex::encode(digest::digest(&digest::SHA256, challenge).as_ref());
        let body = Self::question(&parsed, &device, address).to_string();
        let mut answer = self.lab.send(call(self.lab, &key, &body)).await;
        if answer.status >= 500 {
            // Once more with the same key: whatever became of the first, nothing is paid twice.
            answer = self.lab.send(call(self.lab, &key, &body)).await;
        }
        assert_eq!(answer.header("content-type"), "application/json");
        let json = answer.json();
        if answer.status != 200 {
            return (500, thrown(&json));
        }
        assert_eq!((&json["decision"], &json["forceSignature"]), (&json!("grant"), &json!(true)));
        let policies: Vec<_> = json["licenses"].as_array().unwrap().iter().map(policy).collect();
        (200, self.issuer.issue(&device, &policies, parsed.nonce(), now, &SystemRandom).unwrap())
    }

    fn question(challenge: &Challenge, device: &Device, address: &str) -> Value {
        let header = challenge.header().unwrap();
        let digests = device.key_digests().iter().map(|digest| base64::encode(digest));
        let mut question = json!({
            "token": challenge.custom_data().unwrap_or_default(),
            // As GUIDs print, without their hyphens.
            "kids": header.keys.iter().map(|key| key.kid.to_guid_text().replace('-', "")).collect::<Vec<_>>(),
            "headerVersion": header.version.text(),
            "protocolVersion": challenge.check_version().unwrap().number(),
            "client": {
                "securityLevel": device.security_level(),
                "clientVersion": challenge.client_version(),
                "clientTime": challenge.client_time().map(|time| Timestamp::from_second(time).unwrap().to_string()),
                "deviceId": device.device_id(),
                "certificateDigests": digests.collect::<Vec<_>>(),
                "manufacturer": device.maker(), "model": device.model(), "modelNumber": device.model_number(),
                "features": device.features(),
            },
            "clientAddress": address,
        });
        if let Some(algorithm) = header.algorithm {
            question["algId"] = algorithm.name().into();
        }
        question
    }
}

/// The SOAP fault that the SDK makes of what the handler throws.
fn thrown(json: &Value) -> Vec<u8> {
    let fault = &json["fault"];
    let code = FaultCode::from_status_code(fault["statusCode"].as_str().unwrap()).unwrap();
    let message = json["message"].as_str().unwrap();
    let custom_data = fault["customData"].as_str().unwrap();
    Fault { code, message, actor: "/rightsmanager.asmx", custom_data }.to_soap()
}

/// A licence of the SDK, out of one of the grant.
pub fn policy(granted: &Value) -> LicencePolicy {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let bytes = |value: &Value| base64::decode(text(value).as_bytes()).unwrap();
    let guid = |value: &Value| Guid::parse(value.as_str().unwrap()).unwrap();
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let time = |name: &str| {
        let time: Option<Timestamp> = granted.get(name).map(|time| time.as_str().unwrap().parse().unwrap());
        time.map(Timestamp::as_second)
    };
    let level = |name: &str| u16::try_from(number(&granted["opl"][name])).unwrap();
    let kid = Kid::from_hex(text(&granted["kid"]).as_bytes()).unwrap();
    assert_eq!(kid.to_guid_text(), text(&granted["kidGuid"]));
    LicencePolicy {
        kid,
        content_key: ContentKey::from_bytes(bytes(&granted["contentKey"]).try_into().unwrap()),
        algorithm: Algorithm::from_name(&text(&granted["algId"])).unwrap(),
        minimum_security_level: SecurityLevel::from_number(number(&granted["minimumSecurityLevel"])).unwrap(),
        persistent: granted["persistent"].as_bool().unwrap(),
        begin_date: time("beginDate"),
        expiration_date: time("expirationDate"),
        expiration_after_first_play: granted.get("expirationAfterFirstPlay").map(number),
        output_protection: OutputProtectionLevels {
            compressed_digital_video: level("compressedDigitalVideo"),
            uncompressed_digital_video: level("uncompressedDigitalVideo"),
            analog_video: level("analogVideo"),
            compressed_digital_audio: level("compressedDigitalAudio"),
            uncompressed_digital_audio: level("uncompressedDigitalAudio"),
        },
        play_enablers: granted["playEnablers"].as_array().unwrap().iter().map(guid).collect(),
        explicit_outputs: granted["explicitOutputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|output| ExplicitOutput {
                output: OutputKind::from_name(output["output"].as_str().unwrap()).unwrap(),
                guid: guid(&output["guid"]),
                data: bytes(&output["data"]),
            })
            .collect(),
        output_control_flags: u32::from_str_radix(&text(&granted["outputControlFlags"]), 16).unwrap(),
        extension: granted.get("extension").map(|extension| Extension {
            kind: text(&extension["type"]).into_bytes().try_into().unwrap(),
            payload: bytes(&extension["payload"]),
        }),
    }
}
