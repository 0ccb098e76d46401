//! The mock key server: fairplay.md, section 6.

use drm_primitives::{ContentKey, SequenceRandom, base64};
use fairplay::lab::{LabCkc, LabSpc};
use fairplay::{AssetInfo, CreateCkc, HdcpType, KeyServerFault, Spc, Track, read_response};
use serde_json::{Value, json};
use testkit::MockServer;
use testkit::key_server::{AnswerFault, KeyServer};

use super::kit::{Answer, client, post};

static KEY: ContentKey = ContentKey::from_bytes([0xAB; 16]);

fn lab_spc() -> LabSpc {
    LabSpc::draw(&SequenceRandom::new(1))
}

fn asset(track: Track) -> AssetInfo<'static> {
    AssetInfo { key: &KEY, iv: &[0xCD; 16], track, hdcp_at_least: HdcpType::NotRequired, lease_seconds: 60 }
}

fn request(spc: &Spc) -> Vec<u8> {
    CreateCkc { spc, asset: asset(Track::Uhd1) }.write().to_vec()
}

async fn start() -> MockServer<KeyServer> {
    MockServer::start(KeyServer).await.unwrap()
}

fn read(answer: &Answer) -> Result<fairplay::Ckc, KeyServerFault> {
    read_response(answer.status, answer.retry_after.as_deref(), &answer.body, &[])
}

#[tokio::test]
async fn a_lab_spc_gets_a_lab_ckc_that_shows_what_the_key_server_was_told() {
    let server = start().await;
    let answer = post(&server.url("/ckc"), request(&lab_spc().to_spc())).await.unwrap();
    let ckc = read(&answer).unwrap();
    let seen = LabCkc::read(ckc.as_bytes(), &lab_spc()).unwrap().asset;
    assert_eq!((&seen.key, seen.iv), (&KEY, [0xCD; 16]));
    assert_eq!((seen.content_type.as_str(), seen.hdcp_type), ("uhd", HdcpType::Type1));
    assert_eq!(seen.lease_seconds, Some(60));
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn any_other_spc_gets_the_status_that_blames_it() {
    let server = start().await;
    let mut bytes = lab_spc().to_bytes();
    bytes.truncate(100);
    let answer = post(&server.url("/"), request(&Spc::new(bytes).unwrap())).await.unwrap();
    assert_eq!(read(&answer), Err(KeyServerFault::ItemSpc { status: -42_580 }));
}

#[tokio::test]
async fn every_departure_from_the_interface_gets_the_status_that_blames_the_parameters() {
    let server = start().await;
    let good: Value = serde_json::from_slice(&request(&lab_spc().to_spc())).unwrap();
    let item = "/fairplay-streaming-request/create-ckc/0";
    let asset = "/fairplay-streaming-request/create-ckc/0/asset-info/0";
    let changes: [(&str, &str, Option<Value>); 10] = [
        ("", "more", Some(1.into())),
        ("/fairplay-streaming-request", "version", Some(2.into())),
        ("/fairplay-streaming-request", "create-ckc", Some(json!([]))),
        (item, "uri", Some("skd://a".into())),
        (item, "asset-info", Some(json!([]))),
        (item, "spc", Some("*".into())),
        (asset, "offline-hls", Some(false.into())),
        (asset, "content-iv", None),
        (asset, "hdcp-type", Some(0.into())),
        (asset, "content-key", Some("ABABABABABABABABABABABABABABABAB".into())),
    ];
    for (place, member, value) in changes {
        let mut body = good.clone();
        let members = body.pointer_mut(place).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => members.insert(member.to_owned(), value),
            None => members.remove(member),
        };
        let answer = post(&server.url("/"), body.to_string()).await.unwrap();
        assert_eq!(read(&answer), Err(KeyServerFault::Item { status: -42_585 }), "{body}");
    }
}

#[tokio::test]
async fn what_is_not_a_post_of_json_is_not_answered_as_one() {
    let server = start().await;
    assert_eq!(post(&server.url("/"), "not JSON").await.unwrap().status, 400);
    let untyped = client().post(server.url("/")).body("{}").send().await.unwrap();
    assert_eq!(untyped.status().as_u16(), 415);
    let get = client().get(server.url("/")).send().await.unwrap();
    assert_eq!((get.status().as_u16(), get.headers()["allow"].to_str().unwrap()), (405, "POST"));
}

#[tokio::test]
async fn each_wrong_answer_is_wrong_in_its_own_way_and_the_next_is_right() {
    let server = start().await;
    let body = request(&lab_spc().to_spc());
    for (fault, expected) in [
        (AnswerFault::WrongId, KeyServerFault::OtherItem { got: 2.into() }),
        (AnswerFault::NoCkc, KeyServerFault::CkcMissing),
        (AnswerFault::CkcNotBase64, KeyServerFault::CkcNotBase64),
        (AnswerFault::ItemStatus(-42_580), KeyServerFault::ItemSpc { status: -42_580 }),
        (AnswerFault::ItemStatus(-1), KeyServerFault::Item { status: -1 }),
    ] {
        server.faults().next(fault);
        assert_eq!(read(&post(&server.url("/"), body.clone()).await.unwrap()), Err(expected));
        assert!(read(&post(&server.url("/"), body.clone()).await.unwrap()).is_ok());
    }
}

#[tokio::test]
async fn base64_without_padding_is_taken_too() {
    let server = start().await;
    let mut body: Value = serde_json::from_slice(&request(&lab_spc().to_spc())).unwrap();
    body["fairplay-streaming-request"]["create-ckc"][0]["spc"] =
        base64::encode_url(&lab_spc().to_bytes()).into();
    assert!(read(&post(&server.url("/"), body.to_string()).await.unwrap()).is_ok());
}
