//! Every code of the catalogue that Widevine can raise is raised, in both formats (token-api.md, section 8).

use std::collections::BTreeSet;

use boxoffice_core::account::{AccountChange, BalanceChange};
use boxoffice_core::{Drm, Event};

use crate::kit::{Answer, Lab, Request};
use crate::token::GOOD;
use crate::widevine::device;

/// Raised by parameters of PlayReady alone, though they stand in Widevine's list.
const OF_OTHERS: [Event; 5] = [
    Event::OutputControlFlags,
    Event::OutputControlFlagsLength,
    Event::RentalPeriodEndTimeMissing,
    Event::RentalPlayDurationInvalid,
    Event::RentalPlayDurationMissing,
];

/// Token requests that are refused: what is added to a good one, or stands in its place.
const REQUESTS: [(Event, &str, &str); 27] = [
    (Event::TokenExpirationTime, GOOD, "expirationTime=x"),
    (Event::IpAddress, GOOD, "ipAddress=x"),
    (Event::ContentKey, "", "kid=^a&contentKey=0123456789abcdef0123456789abcdeg"),
    (Event::ContentKeyLength, "", "kid=^a&contentKey=00"),
    (Event::CookieInvalid, GOOD, "cookie=%00"),
    (
        Event::OutputControlRange,
        "",
        "kid=^a&contentKey=00000000000000000000000000000000&securityLevel=1&hdcpOutputControl=7",
    ),
    (Event::ValueMissing, GOOD, "wvExtension=wudo,"),
    (Event::ExtensionType, GOOD, "wvExtension=wud,AAAA"),
    (Event::ExtensionPayload, GOOD, "wvExtension=wudo,*"),
    (Event::ErrorFormat, GOOD, "errorFormat=xml"),
    (Event::KidMissing, "", "contentKey=00000000000000000000000000000000"),
    (Event::KeyStorage, "", "kid=^a"),
    (Event::KidLength, "", "kid=a"),
    (Event::KidNameTooLong, "", "kid=^0123456789012345678901234567890123456789012345678901234567890123x"),
    (Event::KidInvalid, "", "kid=^"),
    (Event::EncryptedKeyOrKek, "", "kid=^a&ek=00"),
    (Event::GeneralFlags, GOOD, "generalFlags=1"),
    (
        Event::KeyData,
        "",
        "kid=^a&kek=00112233445566778899aabbccddeeff&contentKey=00000000000000000000000000000000",
    ),
    (Event::RentalDuration, GOOD, "rentalDuration=0"),
    (Event::WidevineDeviceId, GOOD, "deviceId=00112233445566778899aabbccddeeff"),
    (Event::SecurityLevelMissing, "", "kid=^a&contentKey=00000000000000000000000000000000"),
    (Event::SecurityLevelInvalid, "", "kid=^a&contentKey=00000000000000000000000000000000&securityLevel=0"),
    (Event::HdcpMissing, "", "kid=^a&contentKey=00000000000000000000000000000000&securityLevel=1"),
    (Event::LicenseDuration, GOOD, "licenseDuration=x"),
    (Event::WvExtension, GOOD, "wvExtension=wudo"),
    (Event::AuthenticatorMissing, GOOD, "customerAuthenticator="),
    (Event::AuthenticatorInvalid, GOOD, "customerAuthenticator=1"),
];

/// Checks an answer's facts in the format that was asked for.
fn check(event: Event, format: &str, answer: &Answer) {
    assert!(event.info().statuses.contains(&answer.status), "{event:?}: {}", answer.status);
    assert_eq!(answer.header("cache-control"), "no-store");
    let code = event.code();
    if format == "html" {
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{event:?}");
        let page = answer.text();
        assert!(
            page.starts_with("<!DOCTYPE html>") && page.contains(&format!("[{code}]")),
            "{event:?}: {page}"
        );
        assert!(page.contains(answer.header("x-request-id")));
    } else {
        assert_eq!(answer.header("content-type"), "application/json", "{event:?}");
        let json = answer.json();
        assert_eq!(json["code"], code, "{}", answer.text());
        let (message, text) = (json["message"].as_str().unwrap(), event.info().text);
        assert!(message.starts_with(&format!("[{code}] {text}")), "{message}");
        assert_eq!(message.len() > format!("[{code}] {text}").len(), event.takes_details(), "{message}");
        assert!(!json["hint"].as_str().unwrap_or_default().is_empty(), "{event:?} has a hint");
    }
}

#[tokio::test]
async fn every_code_that_widevine_can_raise_is_raised_in_both_formats() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let mut raised = BTreeSet::new();
    let url = lab.ask_for_token(&customer, "wv", GOOD).await.text().to_owned();
    for format in ["html", "json"] {
        for (event, good, parameters) in REQUESTS {
            let own =
                parameters.starts_with("customerAuthenticator") || parameters.starts_with("errorFormat");
            let answer = if parameters.starts_with("customerAuthenticator") {
                lab.get(format!("/hms/wv/token?{good}&errorFormat={format}&{parameters}")).await
            } else {
                let formatted = if own { String::new() } else { format!("&errorFormat={format}") };
                lab.ask_for_token(&customer, "wv", &format!("{good}&{parameters}{formatted}")).await
            };
            // An unknown format is shown as a page.
            check(event, if event == Event::ErrorFormat { "html" } else { format }, &answer);
            raised.insert(event.code());
        }
        let none = AccountChange::default;
        for (event, change) in [
            (Event::AccountDisabled, AccountChange { enabled: Some(false), ..none() }),
            (Event::WidevineDisabled, AccountChange { enabled: Some(true), widevine: Some(false), ..none() }),
            (
                Event::InsufficientTokens,
                AccountChange { widevine: Some(true), balance: Some(BalanceChange::Set(0)), ..none() },
            ),
        ] {
            lab.change(&customer, change).await;
            let answer = lab.ask_for_token(&customer, "wv", &format!("{GOOD}&errorFormat={format}")).await;
            check(event, format, &answer);
            raised.insert(event.code());
        }
        lab.change(&customer, AccountChange { balance: Some(BalanceChange::Unlimited), ..none() }).await;
        let device = device::named(&lab, "android-l3");
        let mut unsigned = device::challenge(&device, &device::plan(&["^kid1"]), None).body;
        let last = unsigned.len() - 1;
        unsigned[last] ^= 1;
        let target = url.strip_prefix(&lab.base()).unwrap();
        for (event, target, body) in [
            (Event::TokenInvalid, "/hms/wv/rights/?ExpressPlayToken=x".to_owned(), &unsigned[..]),
            (Event::DeviceNotAuthenticated, target.to_owned(), &unsigned[..]),
            (Event::WidevineLicenseFailed, target.to_owned(), b"x"),
        ] {
            let answer = lab.send(Request::post(format!("{target}&errorFormat={format}"), "", body)).await;
            check(event, format, &answer);
            raised.insert(event.code());
        }
        let fresh = Lab::start().await;
        let customer = fresh.account().await;
        fresh.storage.set_away(true);
        let answer = fresh.ask_for_token(&customer, "wv", &format!("{GOOD}&errorFormat={format}")).await;
        check(Event::AdminError, format, &answer);
        raised.insert(Event::AdminError.code());
    }
    let listed = |event: &&Event| event.info().drms.contains(&Drm::Widevine) && event.is_raised();
    let expected: BTreeSet<_> = Event::ALL
        .iter()
        .filter(listed)
        .filter(|event| !OF_OTHERS.contains(event))
        .map(|event| event.code())
        .collect();
    assert_eq!(raised, expected);
}
