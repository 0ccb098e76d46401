//! Every row of the table in playready.md, section 6: fault, event code, `status` and reason, as a SOAP fault over
//! HTTP 500, and on demand as plain JSON or a page with the status itself.

use std::sync::Arc;

use boxoffice_core::Environment;
use boxoffice_core::account::{AccountChange, BalanceChange};
use drm_primitives::{Kid, SystemRandom};
use playready::bcert::Chain;
use playready::lab::Material;
use playready::lab_client::{Draft, HeaderKey, LabDevice, LeafSettings};
use widevine::lab_client::{AskedInitData, ClientDevice, Plan};

use super::world::{
    OPLS, RIGHTS, World, at, check_player_headers, fault, header, header_of, kid, plain, tracks,
};
use crate::kit::{NOW, Request};

const SOAP: &str = "text/xml; charset=utf-8";

const SERVICE_SPECIFIC: &str = "0x8004c604";
const INVALID_MESSAGE: &str = "0x8004c601";
const INTERNAL_ERROR: &str = "0x8004c600";
const VERSION_MISMATCH: &str = "0x8004c60b";

/// A world with a token for one track, and a device.
struct Scene {
    world: World,
    device: LabDevice,
    token: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        Self { device: world.device(), token: world.purchase(1, "").await, world }
    }

    fn challenge(&self) -> Vec<u8> {
        self.world.challenge(&self.device, &plain())
    }

    fn draft(&self) -> Draft {
        let server = self.world.material().server_public_key();
        self.device.draft(&plain(), server.as_bytes(), &SystemRandom).unwrap()
    }

    /// The row that a challenge gets.
    async fn row(&self, challenge: impl Into<Vec<u8>>) -> (String, i64, u64, String) {
        let refused = self.world.refused(&self.token, challenge).await;
        let (code, event, status, reason) = refused.row();
        (code.to_owned(), event, status, reason.to_owned())
    }
}

fn row(code: &str, event: i64, status: u64, reason: &str) -> (String, i64, u64, String) {
    (code.to_owned(), event, status, reason.to_owned())
}

#[tokio::test]
async fn a_token_that_is_missing_malformed_foreign_or_another_drm_s_is_refused_as_such() {
    let scene = Scene::new().await;
    let (lab, token) = (&scene.world.lab, scene.token.as_str());
    let invalid = |status, reason| (SERVICE_SPECIFIC, -4010, status, reason);

    let bare = lab.send(Request::post(RIGHTS, SOAP, scene.challenge())).await;
    assert_eq!(fault(&bare, RIGHTS).row(), invalid(401, "token-missing"));
    let empty = lab.send(at("", scene.challenge())).await;
    assert_eq!(fault(&empty, RIGHTS).row(), invalid(401, "token-missing"));

    for malformed in ["A", "not%20a%20token", "AAAA", "%C3%A9"] {
        let refused = scene.world.refused(malformed, scene.challenge()).await;
        assert_eq!(refused.row(), invalid(400, "token-malformed"), "{malformed}");
    }

    // The last character's case, and one in the middle: its authentication fails.
    for place in [token.len() / 2, token.len() - 2] {
        let mut altered = token.as_bytes().to_vec();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        let refused = scene.world.refused(&altered, scene.challenge()).await;
        assert_eq!(refused.row(), invalid(401, "token-not-ours"));
    }
    let elsewhere = lab.account_in(Environment::Production).await;
    let parameters = format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1));
    let answer = lab.ask_for_token(&elsewhere, "pr", &parameters).await.json();
    let refused = scene.world.refused(answer["token"].as_str().unwrap(), scene.challenge()).await;
    assert_eq!(refused.row(), invalid(401, "token-not-ours"));

    let widevine = format!("{}&securityLevel=1&hdcpOutputControl=0", tracks(1));
    let answer = lab.ask_for_token(&scene.world.customer, "wv", &widevine).await;
    let widevine = answer.text().split_once("ExpressPlayToken=").unwrap().1;
    let refused = scene.world.refused(widevine, scene.challenge()).await;
    assert_eq!(refused.row(), invalid(400, "token-other-drm"));
    assert!(refused.hint().contains("Widevine"), "{}", refused.hint());
}

#[tokio::test]
async fn two_different_tokens_are_refused_wherever_they_come_from() {
    let scene = Scene::new().await;
    let (lab, token) = (&scene.world.lab, scene.token.as_str());
    let other = scene.world.purchase(1, "").await;
    let bearer = format!("Bearer {other}");
    let in_custom_data = |text: String| {
        let mut request = plain();
        request.custom_data = Some(text);
        scene.world.challenge(&scene.device, &request)
    };
    for request in [
        at(&format!("{token}&ExpressPlayToken={other}"), scene.challenge()),
        at(token, scene.challenge()).header("ExpressPlayToken", &other),
        at(token, scene.challenge()).header("Authorization", &bearer),
        at(token, in_custom_data(other.clone())),
        at(token, in_custom_data(format!("x ExpressPlayToken={other}"))),
        Request::post(RIGHTS, SOAP, in_custom_data(token.to_owned())).header("Authorization", &bearer),
    ] {
        let refused = fault(&lab.send(request).await, RIGHTS);
        assert_eq!(refused.row(), (SERVICE_SPECIFIC, -4010, 400, "token-malformed"));
    }
    // A text that is no token is refused where there is no other.
    let answer = lab.send(Request::post(RIGHTS, SOAP, in_custom_data("user 17".to_owned()))).await;
    assert_eq!(fault(&answer, RIGHTS).row(), (SERVICE_SPECIFIC, -4010, 400, "token-malformed"));
}

#[tokio::test]
async fn a_playready_token_is_not_redeemed_at_the_widevine_address() {
    let scene = Scene::new().await;
    let lab = &scene.world.lab;
    let devices = lab.app.issuers().lab().widevine_root.devices();
    let client = Arc::new(ClientDevice::from_device_file(&devices[0].device_file()).unwrap());
    let plan = Plan::streaming(AskedInitData::kids(&[kid(0)]), NOW, &SystemRandom);
    let challenge = client.challenge(&plan, None, &SystemRandom).body;
    let target = format!("/hms/wv/rights/?ExpressPlayToken={}", scene.token);
    let answer = lab.send(Request::post(target, "application/octet-stream", challenge)).await;
    let json = answer.json();
    assert_eq!(
        (answer.status, &json["code"], &json["reason"]),
        (400, &(-4010).into(), &"token-other-drm".into())
    );
}

#[tokio::test]
async fn an_account_that_was_disabled_switched_off_or_used_up_since_is_refused() {
    let scene = Scene::new().await;
    let change = async |change: AccountChange| {
        scene.world.lab.change(&scene.world.customer, change).await;
        scene.row(scene.challenge()).await
    };
    let empty = AccountChange { balance: Some(BalanceChange::Set(0)), ..AccountChange::default() };
    assert_eq!(change(empty).await, row(SERVICE_SPECIFIC, -2019, 400, ""));
    let off = AccountChange { playready: Some(false), ..AccountChange::default() };
    assert_eq!(change(off).await, row(SERVICE_SPECIFIC, -5002, 400, ""));
    let disabled = AccountChange { enabled: Some(false), ..AccountChange::default() };
    assert_eq!(change(disabled).await, row(SERVICE_SPECIFIC, -2031, 401, ""));
}

#[tokio::test]
async fn a_database_that_is_away_is_an_internal_error_of_ours() {
    let scene = Scene::new().await;
    scene.world.lab.app.accounts().forget();
    scene.world.lab.storage.set_away(true);
    let answer = scene.world.post(&scene.token, scene.challenge()).await;
    let refused = fault(&answer, RIGHTS);
    assert_eq!(refused.row(), (INTERNAL_ERROR, -2030, 503, "storage-unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn what_is_no_acquire_license_message_is_refused_as_a_message() {
    let scene = Scene::new().await;
    let once = String::from_utf8(scene.challenge()).unwrap();
    let deep = |depth: usize| format!("{}{}<challenge>", "<a>".repeat(depth), "</a>".repeat(depth));
    let acquisition = &once[once.find("<LA ").unwrap()..once.find("</LA>").unwrap() + 5];
    let signed_info = &once[once.find("<SignedInfo").unwrap()..once.find("</SignedInfo>").unwrap() + 13];
    let operations = [
        "AcknowledgeLicense",
        "JoinDomain",
        "LeaveDomain",
        "GetMeteringCertificate",
        "ProcessMeteringData",
        "ProcessSecureStopData",
        "ProcessDeleteLicenseData",
        "AcquirePackagingData",
    ];
    let other_operations = operations.map(|operation| once.replace("AcquireLicense", operation).into_bytes());
    let utf_16 = once.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies = [
        Vec::new(),
        b"\xFF\xFE".to_vec(),
        b"{}".to_vec(),
        b"<a/>".to_vec(),
        utf_16,
        once.replace("utf-8", "utf-16").into_bytes(),
        once.replace("?><", "?><!DOCTYPE soap:Envelope><").into_bytes(),
        once.replace("?><", "?><!DOCTYPE a [<!ENTITY b \"c\">]><").into_bytes(),
        once.replace("<challenge>", "<challenge>&b;").into_bytes(),
        once.replace("<challenge>", &deep(30)).into_bytes(),
        once.replace("<LA ", &format!("{acquisition}<LA ")).into_bytes(),
        once.replace("<soap:Body>", &format!("<soap:Header>{acquisition}</soap:Header><soap:Body>"))
            .into_bytes(),
        once.replace("</Signature>", &format!("{signed_info}</Signature>")).into_bytes(),
        once.replace("<challenge>", "<challenge Id=\"SignedData\">").into_bytes(),
        once.replace("URI=\"#SignedData\"", "URI=\"\"").into_bytes(),
    ];
    for body in bodies.into_iter().chain(other_operations) {
        let shown = String::from_utf8_lossy(&body).chars().take(300).collect::<String>();
        assert_eq!(scene.row(body).await, row(INVALID_MESSAGE, -4001, 400, "message"), "{shown}");
    }
}

#[tokio::test]
async fn a_body_of_64_kib_is_read_and_one_byte_more_is_not() {
    let scene = Scene::new().await;
    let mut body = scene.challenge();
    body.resize(65_536, b' ');
    assert_eq!(scene.world.post(&scene.token, body.clone()).await.status, 200);
    body.push(b' ');
    assert_eq!(scene.row(body).await, row(INVALID_MESSAGE, -4001, 413, "message"));
}

#[tokio::test]
async fn whatever_cannot_be_opened_gets_one_answer() {
    let scene = Scene::new().await;
    let draft = || scene.draft();
    let mut drafts = Vec::new();
    let elsewhere = scene.world.material().root_public_key();
    drafts.push(scene.device.draft(&plain(), elsewhere.as_bytes(), &SystemRandom).unwrap());
    let mut off_the_curve = draft();
    off_the_curve.encrypted_key[5] ^= 1;
    drafts.push(off_the_curve);
    for half in [0..64, 64..128] {
        let mut infinity = draft();
        infinity.encrypted_key[half].fill(0);
        drafts.push(infinity);
    }
    for length in [16, 31, 33] {
        let mut short = draft();
        short.encrypted_data.truncate(length);
        drafts.push(short);
    }
    let mut padding = draft();
    *padding.encrypted_data.last_mut().unwrap() ^= 1;
    drafts.push(padding);
    let mut block = draft();
    let length = block.encrypted_data.len();
    block.encrypted_data[length - 17] ^= 0x80;
    drafts.push(block);
    let mut named = draft();
    named.request.key_name = "Other".to_owned();
    drafts.push(named);
    let mut texts = Vec::new();
    for draft in drafts {
        let refused =
            scene.world.refused(&scene.token, scene.device.sign(draft.acquisition()).to_soap()).await;
        assert_eq!(refused.row(), (INVALID_MESSAGE, -4001, 400, "challenge-unreadable"));
        let mut json = refused.json.clone();
        json.as_object_mut().unwrap().remove("request_id");
        texts.push((refused.fault.message.clone(), json));
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "one fault, one text: {texts:?}");
    assert!(texts[0].1["hint"].as_str().unwrap().contains("SDK"));
}

#[tokio::test]
async fn a_chain_that_does_not_lead_to_the_lab_s_root_is_not_trusted() {
    let scene = Scene::new().await;
    let untrusted = row(INVALID_MESSAGE, -4001, 403, "device-untrusted");
    let challenge = |device: &LabDevice| scene.world.challenge(device, &plain());

    let other = Material::generate(&SystemRandom).unwrap().group_files();
    let leaf = LeafSettings::new([7; 16]);
    let foreign = LabDevice::provision(&other.bgroupcert, &other.zgpriv, &leaf, &SystemRandom).unwrap();
    assert_eq!(scene.row(challenge(&foreign)).await, untrusted);

    let certificates = |device: &LabDevice| Chain::parse(&device.chain).unwrap().certificates().to_vec();
    let mut replaced = scene.world.device();
    let mixed = [&certificates(&foreign)[..1], &certificates(&replaced)[1..]].concat();
    replaced.chain = Chain::new(mixed).unwrap().to_bytes();
    assert_eq!(scene.row(challenge(&replaced)).await, untrusted);

    let above = LeafSettings { security_level: Some(3000), ..leaf };
    let expired = LeafSettings { expiry: u32::try_from(NOW).unwrap() - 1, ..leaf };
    let no_device = LeafSettings { kind: 1, ..leaf };
    for settings in [above, expired, no_device] {
        assert_eq!(scene.row(challenge(&scene.world.device_with(&settings))).await, untrusted);
    }

    let mut alone = scene.world.device();
    alone.chain = scene.world.material().group_files().bgroupcert;
    assert_eq!(scene.row(challenge(&alone)).await, untrusted);

    let mut altered = scene.world.device();
    altered.chain[20 + 16 + 8] ^= 1;
    assert_eq!(scene.row(challenge(&altered)).await, untrusted);
}

#[tokio::test]
async fn what_was_changed_after_signing_or_signed_by_somebody_else_is_refused() {
    let scene = Scene::new().await;
    let bad_signature = row(INVALID_MESSAGE, -4001, 403, "device-signature");
    let mut pieces = scene.device.sign(scene.draft().acquisition());
    pieces.acquisition = pieces.acquisition.replace("<Version>0</Version>", "<Version>1</Version>");
    assert_eq!(scene.row(pieces.to_soap()).await, bad_signature, "the digest is not that of LA");
    pieces.signed_info = scene.device.sign(pieces.acquisition.clone()).signed_info;
    assert_eq!(scene.row(pieces.to_soap()).await, bad_signature, "the digest is new, the signature old");

    let pieces = scene.device.sign(scene.draft().acquisition().replace("<CLIENTINFO>", "<CLIENTINFO >"));
    assert_eq!(
        scene.world.post(&scene.token, pieces.to_soap()).await.status,
        200,
        "what is signed is the bytes"
    );

    let mut impostor = scene.world.device();
    impostor.chain.clone_from(&scene.device.chain);
    let pieces = impostor.sign(scene.draft().acquisition());
    assert_eq!(scene.row(pieces.to_soap()).await, bad_signature, "the key is not in the certificate");
}

#[tokio::test]
async fn versions_of_protocol_and_header_that_are_not_known_have_a_fault_of_their_own() {
    let scene = Scene::new().await;
    let mismatch = row(VERSION_MISMATCH, -4001, 400, "protocol-version");
    for version in [0, 2, 3, 6] {
        let mut request = plain();
        request.protocol_version = version;
        let challenge = scene.world.challenge(&scene.device, &request);
        assert_eq!(scene.row(challenge).await, mismatch, "{version}");
    }
    for version in ["4.4.0.0", "5.0.0.0"] {
        let challenge = scene.world.challenge(&scene.device, &header(version, Some("AESCTR"), &[0]));
        assert_eq!(scene.row(challenge).await, mismatch, "{version}");
    }
}

#[tokio::test]
async fn a_header_that_cannot_be_read_is_refused_as_such() {
    let scene = Scene::new().await;
    let mut missing = plain();
    missing.header = String::new();
    let mut nonsense = plain();
    nonsense.header = "nonsense".to_owned();
    let mut no_kid = plain();
    no_kid.header = no_kid.header.replace("<KID>", "<KID>*");
    let cocktail = header("4.2.0.0", Some("COCKTAIL"), &[0]);
    for request in [missing, nonsense, no_kid, cocktail] {
        let challenge = scene.world.challenge(&scene.device, &request);
        assert_eq!(
            scene.row(challenge).await,
            row(INVALID_MESSAGE, -4001, 400, "header"),
            "{}",
            request.header
        );
    }
}

#[tokio::test]
async fn a_wrong_checksum_and_another_cipher_are_caught_before_a_licence_is_made() {
    let scene = Scene::new().await;
    for version in ["4.0.0.0", "4.1.0.0", "4.2.0.0", "4.3.0.0"] {
        let key = HeaderKey { kid: kid(0), checksum: Some([0; 8]) };
        let request = header_of(version, Some("AESCTR"), &[key]);
        let challenge = scene.world.challenge(&scene.device, &request);
        assert_eq!(scene.row(challenge).await, row(SERVICE_SPECIFIC, -2005, 400, "checksum"), "{version}");
    }
    for (in_token, in_header) in [("aescbc", "AESCTR"), ("aesctr", "AESCBC")] {
        let token = scene.world.purchase(1, &format!("algId={in_token}")).await;
        let request = header("4.3.0.0", Some(in_header), &[0]);
        let refused = scene.world.refused(&token, scene.world.challenge(&scene.device, &request)).await;
        assert_eq!(refused.row(), (SERVICE_SPECIFIC, -2005, 400, "algid"));
    }
}

#[tokio::test]
async fn a_rental_is_refused_to_a_clock_that_is_off_with_both_times() {
    let scene = Scene::new().await;
    let rental =
        format!("{}&rightsType=Rental&generalFlags=00000001&rental.periodEndTime=%2B86400&{OPLS}", tracks(1));
    let token = scene.world.token(&rental).await;
    for (version, off) in [("4.0.0.5102", 7_200), ("10.0.16384.10011", -7_200), ("3.1.0.1017", 3_601)] {
        let mut request = plain();
        request.client_version = Some(version.to_owned());
        request.client_time = Some(NOW + off);
        let refused = scene.world.refused(&token, scene.world.challenge(&scene.device, &request)).await;
        assert_eq!(refused.row(), (SERVICE_SPECIFIC, -4001, 400, "device-clock"));
        for time in [NOW, NOW + off] {
            assert!(refused.hint().contains(&time.to_string()), "{}", refused.hint());
        }
    }
}

#[tokio::test]
async fn production_without_a_back_end_says_so() {
    let world = World::new().await;
    let elsewhere = world.lab.account_in(Environment::Production).await;
    let parameters = format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1));
    let answer = world.lab.ask_for_token(&elsewhere, "pr", &parameters).await.json();
    let token = answer["token"].as_str().unwrap();
    let challenge = world.challenge(&world.device(), &plain());
    let answer = world.lab.send(at(token, challenge).host("prod.localhost")).await;
    let refused = fault(&answer, RIGHTS);
    assert_eq!(refused.row(), (INTERNAL_ERROR, -2030, 503, "backend-unavailable"));
    assert!(refused.hint().contains("[environments.production.playready] backend"), "{}", refused.hint());
}

#[tokio::test]
async fn a_challenge_that_belongs_to_the_operator_s_service_is_told_where_that_is() {
    let world = World::with_settings(
        "[environments.test.playready]\nbackend = \"sdk\"\n\
         license_acquisition_url = \"https://pr.example.com/rightsmanager.asmx\"",
    )
    .await;
    let token = world.purchase(1, "").await;
    let refused = world.refused(&token, world.challenge(&world.device(), &plain())).await;
    assert_eq!(refused.row(), (INTERNAL_ERROR, -2030, 503, "backend-unavailable"));
    assert!(refused.hint().contains("https://pr.example.com/rightsmanager.asmx"), "{}", refused.hint());
}

#[tokio::test]
async fn the_actor_is_the_path_without_the_query() {
    let scene = Scene::new().await;
    for path in ["/hms/pr/rights", "/playready/RightsManager.asmx"] {
        let target = format!("{path}?ExpressPlayToken=AAAA&secret=1");
        let answer = scene.world.lab.send(Request::post(target, SOAP, scene.challenge())).await;
        fault(&answer, path);
    }
}

/// On demand the refusal comes plain, with the status that the JSON of the fault names.
#[tokio::test]
async fn an_explicit_error_format_gives_json_or_a_page_with_the_status_itself() {
    let scene = Scene::new().await;
    let untrusted = {
        let expired = LeafSettings { expiry: 1, ..LeafSettings::new([7; 16]) };
        scene.world.challenge(&scene.world.device_with(&expired), &plain())
    };
    let mut too_long = scene.challenge();
    too_long.resize(65_537, b' ');
    let good = scene.token.as_str();
    for (token, challenge, code, status, reason) in [
        ("AAAA", scene.challenge(), -4010, 400, "token-malformed"),
        ("", scene.challenge(), -4010, 401, "token-missing"),
        (good, untrusted, -4001, 403, "device-untrusted"),
        (good, b"<a/>".to_vec(), -4001, 400, "message"),
        (good, too_long, -4001, 413, "message"),
    ] {
        let with_format = |format: &str| at(&format!("{token}&errorFormat={format}"), challenge.clone());
        let answer = scene.world.lab.send(with_format("json")).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/json"));
        check_player_headers(&answer);
        let json = answer.json();
        assert_eq!((&json["code"], &json["reason"]), (&code.into(), &reason.into()));
        assert_eq!(json["request_id"], answer.header("x-request-id"));
        assert!(json.get("status").is_none(), "only inside a fault: {json}");

        let answer = scene.world.lab.send(with_format("html")).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "text/html; charset=utf-8"));
        check_player_headers(&answer);
        assert!(
            answer.text().contains(&format!("{code}")) && answer.text().contains(reason),
            "{}",
            answer.text()
        );
    }
    let answer = scene.world.lab.send(at(&format!("{good}&errorFormat=xml"), scene.challenge())).await;
    assert_eq!((answer.status, answer.header("content-type")), (400, "text/html; charset=utf-8"));
    assert!(answer.text().contains("-3004"));
}

/// Several things are wrong; the first in the order of section 4 is told.
#[tokio::test]
async fn of_several_mistakes_the_first_in_the_order_of_redemption_is_told() {
    let scene = Scene::new().await;
    let expired = scene.world.device_with(&LeafSettings { expiry: 1, ..LeafSettings::new([7; 16]) });
    let stranger = HeaderKey { kid: Kid::from_bytes([9; 16]), checksum: None };
    let bound =
        scene.world.purchase(1, "ipAddress=203.0.113.7&deviceId=ffffffffffffffffffffffffffffffff").await;
    let unreadable = |device: &LabDevice, version: u32| {
        let mut request = header_of("4.0.0.0", None, &[stranger]);
        request.protocol_version = version;
        let elsewhere = scene.world.material().root_public_key();
        device.challenge(&request, elsewhere.as_bytes(), &SystemRandom).unwrap()
    };
    let told = async |token: &str, body: Vec<u8>| scene.world.refused(token, body).await.row().3.to_owned();
    // Message before version before token before signature before what is inside.
    assert_eq!(told("AAAA", b"<a/>".to_vec()).await, "message");
    assert_eq!(told("AAAA", unreadable(&expired, 2)).await, "protocol-version");
    let broken = String::from_utf8(unreadable(&expired, 1))
        .unwrap()
        .replace("<Version>0</Version>", "<Version>1</Version>");
    assert_eq!(told("AAAA", broken.clone().into_bytes()).await, "token-malformed");
    assert_eq!(told(&bound, broken.into_bytes()).await, "device-signature");
    assert_eq!(told(&bound, unreadable(&expired, 1)).await, "challenge-unreadable");
    // Chain before bindings before header and keys.
    let request = header_of("4.0.0.0", None, &[stranger]);
    assert_eq!(told(&bound, scene.world.challenge(&expired, &request)).await, "device-untrusted");
    let asking = scene.world.challenge(&scene.device, &request);
    assert_eq!(told(&bound, asking.clone()).await, "address");
    let to_device = scene.world.purchase(1, "deviceId=ffffffffffffffffffffffffffffffff").await;
    assert_eq!(told(&to_device, asking.clone()).await, "device-binding");
    let rental =
        format!("{}&rightsType=Rental&generalFlags=00000001&rental.periodEndTime=%2B60&{OPLS}", tracks(1));
    let rental = scene.world.token(&rental).await;
    scene.world.lab.clock.advance(7_200);
    assert_eq!(told(&rental, asking.clone()).await, "rental-ended");
    // KIDs before cipher before checksum before level before balance.
    let empty = AccountChange { balance: Some(BalanceChange::Set(0)), ..AccountChange::default() };
    let strict = scene.world.purchase(1, "minCertSecurityLevel=3000&algId=aesctr").await;
    scene.world.lab.change(&scene.world.customer, empty).await;
    assert_eq!(told(&strict, asking).await, "kid-not-granted");
    let wrong = HeaderKey { kid: kid(0), checksum: Some([0; 8]) };
    for (request, reason) in [
        (header_of("4.3.0.0", Some("AESCBC"), &[wrong]), "algid"),
        (header_of("4.3.0.0", Some("AESCTR"), &[wrong]), "checksum"),
        (header("4.3.0.0", Some("AESCTR"), &[0]), "device-level"),
    ] {
        assert_eq!(told(&strict, scene.world.challenge(&scene.device, &request)).await, reason);
    }
    let high = scene.world.challenge(&scene.world.device_at(3000), &plain());
    assert_eq!(scene.world.refused(&strict, high).await.row(), (SERVICE_SPECIFIC, -2019, 400, ""));
}
