//! Every body form of fairplay.md, section 3, with the same SPC out of it, and every row that names an error.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use drm_primitives::{SequenceRandom, base64};
use fairplay::lab::LabSpc;
use fairplay::{BodyError, BodyForm, SPC_BYTES, SpcError, Submission};
use proptest::collection::vec;
use proptest::prelude::*;

fn lab_spc() -> Vec<u8> {
    LabSpc::draw(&SequenceRandom::new(7)).to_bytes()
}

fn found(body: impl AsRef<[u8]>) -> BodyForm {
    found_in(body.as_ref(), &lab_spc())
}

fn found_in(body: &[u8], spc: &[u8]) -> BodyForm {
    let submission = Submission::parse(body).unwrap();
    assert_eq!(submission.spc.as_bytes(), spc);
    submission.form
}

fn error(body: impl AsRef<[u8]>) -> BodyError {
    Submission::parse(body.as_ref()).unwrap_err()
}

/// Bytes whose base64 has all of `+`, `/` and `=`.
fn awkward_spc() -> Vec<u8> {
    let mut spc = vec![0, 0, 0, 3];
    spc.resize(200, 0xFB);
    spc.extend_from_slice(&[0xFF, 0xEF, 0xBE, 0xFF, 0xFF]);
    spc
}

#[test]
fn raw_base64_and_base64url_padded_or_not_are_found() {
    let standard = base64::encode(&lab_spc());
    let url = base64::encode_url(&lab_spc());
    assert!(standard.ends_with('='));
    assert_eq!(found(lab_spc()), BodyForm::Raw);
    assert_eq!(found(&standard), BodyForm::Base64);
    assert_eq!(found(standard.trim_end_matches('=')), BodyForm::Base64);
    assert_eq!(found(&url), BodyForm::Base64);
    let (first, second) = standard.split_at(76);
    assert_eq!(found(format!("\r\n{first}\r\n{second}\n")), BodyForm::Base64);
    let awkward = awkward_spc();
    assert_eq!(found_in(base64::encode(&awkward).as_bytes(), &awkward), BodyForm::Base64);
    assert_eq!(found_in(base64::encode_url(&awkward).as_bytes(), &awkward), BodyForm::Base64);
}

#[test]
fn a_form_is_found_whatever_stands_around_it_and_however_it_is_encoded() {
    let standard = base64::encode(&lab_spc());
    let encoded = standard.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D");
    for body in [
        format!("spc={standard}"),
        format!("spc={encoded}"),
        format!("spc={encoded}&assetId=skd%3A%2F%2Fa"),
        format!("assetId=a&uri=skd://b&spc={standard}"),
        format!("uri=&spc={standard}"),
        format!("other.name=x&%73pc={encoded}\r\n"),
    ] {
        assert_eq!(found(&body), BodyForm::Form, "{body}");
    }
    let awkward = awkward_spc();
    let standard = base64::encode(&awkward);
    assert!(standard.contains('+') && standard.contains('/'));
    for body in [format!("spc={standard}"), format!("spc={}", standard.replace('+', " "))] {
        assert_eq!(found_in(body.as_bytes(), &awkward), BodyForm::Form, "{body}");
    }
}

#[test]
fn a_plus_that_a_form_lost_at_the_very_end_is_found_too() {
    let mut spc = vec![0; 66];
    spc[3] = 1;
    spc[65] = 0x3E;
    let standard = base64::encode(&spc);
    assert!(standard.ends_with('+'));
    for end in ["", "\r\n", "&uri=a"] {
        let body = format!("spc={}{end}", standard.replace('+', " "));
        assert_eq!(found_in(body.as_bytes(), &spc), BodyForm::Form, "{body}");
    }
}

#[test]
fn the_json_forms_are_found() {
    let standard = base64::encode(&lab_spc());
    assert_eq!(found(format!(r#"{{"spc":"{standard}"}}"#)), BodyForm::Json);
    assert_eq!(
        found(format!(" {{ \"assetId\": {{}}, \"spc\" : \"{}\" }}\n", base64::encode_url(&lab_spc()))),
        BodyForm::Json
    );
    assert_eq!(found(format!(r#"{{"spc":"{}"}}"#, standard.replace('/', "\\/"))), BodyForm::Json);
    for (member, id, written) in
        [("streaming-keys", "\"id\":7,", 7), ("create-ckc", "\"id\":1,", 1), ("create-ckc", "", 1)]
    {
        let body = format!(
            r#"{{"fairplay-streaming-request":{{"version":1,"{member}":[{{{id}"uri":"skd://a","spc":"{standard}"}}]}}}}"#
        );
        let BodyForm::Apple(item) = found(&body) else { unreachable!("{body} is Apple's form") };
        assert_eq!((item.operation.name(), item.id), (member, written.into()));
    }
}

#[test]
fn no_body_and_too_long_ones_are_refused() {
    assert_eq!(error(""), BodyError::Empty);
    assert_eq!(error(" \r\n"), BodyError::Empty);
    assert_eq!(error(vec![0; 65_537]), BodyError::TooLong { got: 65_537 });
    assert_eq!(error(vec![0; 65_536]), BodyError::Spc(SpcError::Size { got: 65_536 }));
}

#[test]
fn sizes_and_versions_are_checked_in_every_form() {
    for bytes in [vec![0; 63], vec![0; 32_769]] {
        let expected = BodyError::Spc(SpcError::Size { got: bytes.len() });
        let text = base64::encode(&bytes);
        assert_eq!(error(&bytes), expected);
        assert_eq!(error(&text), expected);
        assert_eq!(error(format!("spc={text}")), expected);
        assert_eq!(error(format!(r#"{{"spc":"{text}"}}"#)), expected);
    }
    assert_eq!(error(vec![0; 64]), BodyError::Spc(SpcError::Version { got: 0 }));
    assert_eq!(error(base64::encode(&[1; 64])), BodyError::Spc(SpcError::Version { got: 0x0101_0101 }));
    assert_eq!(error([0xFF; 64]), BodyError::Spc(SpcError::Version { got: 0xFFFF_FFFF }));
}

#[test]
fn a_certificate_is_named_as_one_in_every_form() {
    let mut certificate = vec![0x30, 0x82, 0x05, 0x00];
    certificate.resize(900, 0x80);
    let text = base64::encode(&certificate);
    for body in [
        certificate,
        text.clone().into_bytes(),
        format!("spc={text}").into_bytes(),
        format!(r#"{{"spc":"{text}"}}"#).into_bytes(),
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").into_bytes(),
    ] {
        assert_eq!(error(&body), BodyError::Spc(SpcError::Certificate));
    }
}

#[test]
fn no_spc_and_several_are_refused_with_their_number() {
    let spc = base64::encode(&lab_spc());
    let item = format!(r#"{{"id":1,"spc":"{spc}"}}"#);
    for (body, got) in [
        ("{}".to_owned(), 0),
        (r#"{"spc":null}"#.to_owned(), 0),
        ("assetId=a".to_owned(), 0),
        (r#"{"fairplay-streaming-request":{}}"#.to_owned(), 0),
        (r#"{"fairplay-streaming-request":{"create-ckc":[{"id":1}]}}"#.to_owned(), 0),
        (format!("spc={spc}&spc={spc}"), 2),
        (format!(r#"{{"fairplay-streaming-request":{{"streaming-keys":[{item},{item},{item}]}}}}"#), 3),
        (
            format!(
                r#"{{"fairplay-streaming-request":{{"streaming-keys":[{item}],"create-ckc":[{item}]}}}}"#
            ),
            2,
        ),
        (format!(r#"{{"spc":"{spc}","fairplay-streaming-request":{{"create-ckc":[{item}]}}}}"#), 2),
    ] {
        assert_eq!(error(&body), BodyError::Count { got }, "{body}");
    }
    // Which of two members of the same name counts is anybody's guess, so neither does.
    assert!(matches!(error(format!(r#"{{"spc":"{spc}","spc":"{spc}"}}"#)), BodyError::Shape { .. }));
}

#[test]
fn what_is_in_no_form_says_where() {
    assert_eq!(error("{\"spc\":"), BodyError::NotJson { at: 8, length: 7 });
    assert_eq!(error("{spc}"), BodyError::NotJson { at: 2, length: 5 });
    assert_eq!(error(r#"{"spc":7}"#), BodyError::Shape { at: 8 });
    assert!(matches!(error("{\"spc\":\"\u{e9}*\"}"), BodyError::Base64(_)));
    assert_eq!(
        error("<html></html>").to_string(),
        "the SPC is not base64: the character at position 1 belongs to neither base64 alphabet"
    );
    assert_eq!(
        error("spc=AAAA!AAA").to_string(),
        "the SPC is not base64: the character at position 5 belongs to neither base64 alphabet"
    );
    assert_eq!(error("spc="), BodyError::Spc(SpcError::Size { got: 0 }));
}

fn any_spc() -> impl Strategy<Value = Vec<u8>> {
    (1_u8..=255, vec(any::<u8>(), 60..400))
        .prop_map(|(version, rest)| [&[0, 0, 0, version], &rest[..]].concat())
}

proptest! {
    #[test]
    fn no_bytes_panic(body: Vec<u8>) {
        let _ = Submission::parse(&body);
    }

    #[test]
    fn no_text_panics_and_what_is_found_is_an_spc(body in "[A-Za-z0-9+/=_%&{}\":\\[\\], -]{0,400}") {
        if let Ok(submission) = Submission::parse(body.as_bytes()) {
            prop_assert!(SPC_BYTES.contains(&submission.spc.as_bytes().len()));
            prop_assert!(submission.spc.version() >= 1);
        }
    }

    #[test]
    fn any_spc_comes_out_of_any_form(spc in any_spc(), id: u32) {
        let (standard, url) = (base64::encode(&spc), base64::encode_url(&spc));
        prop_assert_eq!(found_in(&spc, &spc), BodyForm::Raw);
        prop_assert_eq!(found_in(standard.as_bytes(), &spc), BodyForm::Base64);
        prop_assert_eq!(found_in(url.as_bytes(), &spc), BodyForm::Base64);
        prop_assert_eq!(found_in(format!("spc={}", standard.replace('+', " ")).as_bytes(), &spc), BodyForm::Form);
        prop_assert_eq!(found_in(format!("uri=a&spc={url}").as_bytes(), &spc), BodyForm::Form);
        prop_assert_eq!(found_in(format!(r#"{{"spc":"{url}"}}"#).as_bytes(), &spc), BodyForm::Json);
        let apple = format!(r#"{{"fairplay-streaming-request":{{"create-ckc":[{{"id":{id},"spc":"{standard}"}}]}}}}"#);
        let form = found_in(apple.as_bytes(), &spc);
        prop_assert!(matches!(form, BodyForm::Apple(item) if item.id == id.into()));
    }

    #[test]
    fn a_body_of_several_spcs_yields_none(count in 2_usize..6, spc in any_spc(), form: bool) {
        let text = base64::encode_url(&spc);
        let body = if form {
            vec![format!("spc={text}"); count].join("&")
        } else {
            let items = vec![format!(r#"{{"spc":"{text}"}}"#); count].join(",");
            format!(r#"{{"fairplay-streaming-request":{{"streaming-keys":[{items}]}}}}"#)
        };
        prop_assert_eq!(Submission::parse(body.as_bytes()), Err(BodyError::Count { got: count }));
    }

    #[test]
    fn a_damaged_body_never_panics(spc in any_spc(), at: prop::sample::Index, byte: u8) {
        let mut body = format!(
            r#"{{"fairplay-streaming-request":{{"create-ckc":[{{"id":1,"spc":"{}"}}]}}}}"#,
            base64::encode(&spc)
        ).into_bytes();
        *at.get_mut(&mut body) = byte;
        let _ = Submission::parse(&body);
    }
}
