//! How a token and a challenge arrive, and how a licence leaves (playready.md, sections 2, 5 and 12).

use http::Method;
use playready::challenge::wrap_in_key_message;
use playready::lab_client::LabDevice;

use super::world::{RIGHTS, World, at, check_player_headers, kids, plain, purchased};
use crate::kit::{Answer, Request};

const SOAP: &str = "text/xml; charset=utf-8";

/// A world with a token, a device, and a request of it.
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

    /// Sends a challenge that was built around this request, and has the answer verified.
    async fn grants(&self, custom_data: Option<&str>, send: impl AsyncFn(Vec<u8>) -> Answer) {
        let mut request = plain();
        request.custom_data = custom_data.map(str::to_owned);
        let answer = send(self.world.challenge(&self.device, &request)).await;
        assert_eq!(answer.status, 200, "{custom_data:?}: {}", answer.text());
        self.world.verify(&self.device, &request, &kids(1), &answer, &[purchased(0)]).unwrap();
    }
}

#[tokio::test]
async fn a_token_may_come_in_the_query_a_header_as_a_bearer_or_in_custom_data() {
    let scene = Scene::new().await;
    let (lab, token) = (&scene.world.lab, scene.token.as_str());
    scene.grants(None, async |body| lab.send(at(token, body)).await).await;
    let bare = |body: Vec<u8>| Request::post(RIGHTS, SOAP, body);
    scene.grants(None, async |body| lab.send(bare(body).header("ExpressPlayToken", token)).await).await;
    for scheme in ["Bearer", "bearer"] {
        let bearer = format!("{scheme} {token}");
        scene.grants(None, async |body| lab.send(bare(body).header("Authorization", &bearer)).await).await;
    }
    for custom_data in [
        token.to_owned(),
        format!("\n  {token}\n"),
        format!("ExpressPlayToken={token}"),
        format!("user=1&ExpressPlayToken={token}&x=<>\"'é"),
        format!("{{\"note\":\"<é & ü>\",\"drm\":\"ExpressPlayToken={token}\"}}"),
    ] {
        scene.grants(Some(&custom_data), async |body| lab.send(bare(body)).await).await;
    }
}

#[tokio::test]
async fn a_token_in_several_places_is_one_token() {
    let scene = Scene::new().await;
    let (lab, token) = (&scene.world.lab, scene.token.as_str());
    let bearer = format!("Bearer {token}");
    let everywhere =
        |body: Vec<u8>| at(token, body).header("expressplaytoken", token).header("Authorization", &bearer);
    scene.grants(Some(token), async |body| lab.send(everywhere(body)).await).await;
}

/// An application may have something of its own to say there.
#[tokio::test]
async fn custom_data_that_is_no_token_does_not_contradict_one() {
    let scene = Scene::new().await;
    let (lab, token) = (&scene.world.lab, scene.token.as_str());
    for custom_data in ["<session id=\"1\"/>", "user 17; é & ü", "{\"user\":17}", " "] {
        scene.grants(Some(custom_data), async |body| lab.send(at(token, body)).await).await;
    }
}

#[tokio::test]
async fn every_path_and_whatever_describes_the_body_is_taken() {
    let scene = Scene::new().await;
    let (lab, token) = (&scene.world.lab, scene.token.as_str());
    for path in ["/hms/pr/rights", "/hms/pr/rights/", "/playready/RightsManager.asmx"] {
        let target = format!("{path}?ExpressPlayToken={token}");
        scene.grants(None, async |body| lab.send(Request::post(target.as_str(), SOAP, body)).await).await;
    }
    for content_type in ["text/xml", "application/octet-stream", "application/soap+xml; charset=utf-8", ""] {
        let target = format!("{RIGHTS}?ExpressPlayToken={token}&drm=playready");
        scene
            .grants(None, async |body| lab.send(Request::post(target.as_str(), content_type, body)).await)
            .await;
    }
    for action in
        ["http://schemas.microsoft.com/DRM/2007/03/protocols/AcquireLicense", "\"http://example.com/Other\""]
    {
        let target = format!("{RIGHTS}?ExpressPlayToken={token}");
        let send = async |body| {
            lab.send(Request::post(target.as_str(), SOAP, body).header("SOAPAction", action)).await
        };
        scene.grants(None, send).await;
    }
}

#[tokio::test]
async fn a_message_still_wrapped_is_unwrapped_and_the_answer_is_soap_all_the_same() {
    let scene = Scene::new().await;
    let (lab, token) = (&scene.world.lab, scene.token.as_str());
    scene.grants(None, async |body| lab.send(at(token, wrap_in_key_message(&body))).await).await;
    scene
        .grants(Some(token), async |body| {
            lab.send(Request::post(RIGHTS, SOAP, wrap_in_key_message(&body))).await
        })
        .await;
}

/// What is signed is the bytes of LA and `SignedInfo`; around them a stack may write its XML as it likes.
#[tokio::test]
async fn prefixes_and_blanks_around_what_is_signed_do_not_matter() {
    let scene = Scene::new().await;
    let token = scene.token.as_str();
    let protocols = "http://schemas.microsoft.com/DRM/2007/03/protocols";
    let rewritten = |body: Vec<u8>, replacements: &[(&str, &str)]| {
        replacements.iter().fold(String::from_utf8(body).unwrap(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        })
    };
    let bound = format!("<AcquireLicense xmlns=\"{protocols}\">");
    let prefixed = format!("<p:AcquireLicense xmlns:p=\"{protocols}\">");
    for replacements in [
        vec![("soap:", "SOAP-ENV:"), ("xmlns:soap=", "xmlns:SOAP-ENV=")],
        vec![
            (&*bound, &*prefixed),
            ("</AcquireLicense>", "</p:AcquireLicense>"),
            ("<challenge>", "<p:challenge>"),
            ("</challenge>", "</p:challenge>"),
        ],
        vec![
            ("<challenge>", "\r\n  <challenge>\r\n"),
            ("</Challenge>", "\r\n</Challenge>\n"),
            ("</soap:Body>", "\n</soap:Body>"),
        ],
        vec![("<soap:Body>", "<soap:Header><x xmlns=\"y\"/></soap:Header><!-- of the player --><soap:Body>")],
        vec![("<?xml version=\"1.0\" encoding=\"utf-8\"?>", "")],
        vec![(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
            "\u{FEFF}<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n",
        )],
    ] {
        let lab = &scene.world.lab;
        scene.grants(None, async |body| lab.send(at(token, rewritten(body, &replacements))).await).await;
    }
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_token() {
    let world = World::new().await;
    for path in ["/hms/pr/rights/", "/hms/pr/rights", "/playready/RightsManager.asmx"] {
        let preflight = Request::new(Method::OPTIONS, path)
            .header("Origin", "https://player.example.com")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "content-type,soapaction,expressplaytoken");
        let answer = world.lab.send(preflight).await;
        assert_eq!(answer.status, 204);
        check_player_headers(&answer);
        assert_eq!(answer.header("access-control-allow-methods"), "POST, OPTIONS");
        assert_eq!(answer.header("access-control-allow-headers"), "content-type,soapaction,expressplaytoken");
        assert_eq!(answer.header("access-control-max-age"), "600");
    }
}

#[tokio::test]
async fn a_challenge_is_posted_and_nothing_else() {
    let world = World::new().await;
    let answer = world.lab.get(RIGHTS).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST, OPTIONS"));
    assert_eq!(answer.json()["code"], 405);
    check_player_headers(&answer);
}

#[tokio::test]
async fn neither_a_token_nor_a_key_nor_a_challenge_is_logged() {
    let scene = Scene::new().await;
    let (lab, token) = (&scene.world.lab, scene.token.as_str());
    scene.grants(Some(token), async |body| lab.send(at(token, body)).await).await;
    let challenge = scene.world.challenge(&scene.device, &plain());
    let answer = lab.send(at("AQAAAAEB", challenge.clone())).await;
    assert_eq!(answer.status, 500);
    let log = lab.log();
    assert!(log.lines().count() >= 3 && log.contains("hms.pr.rights"), "{log}");
    let challenge = String::from_utf8(challenge).unwrap();
    let nonce = challenge.split("<LicenseNonce>").nth(1).unwrap().split('<').next().unwrap();
    let authenticator = scene.world.customer.authenticator.split(',').nth(1).unwrap();
    for secret in [token, "AQAAAAEB", nonce, authenticator, "00112233445566778899aabbccddeeff", "CHAI", "?"] {
        assert!(!log.contains(secret), "{secret}");
    }
}
