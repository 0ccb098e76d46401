//! Every code that FairPlay can raise is raised, in both formats (token-api.md, section 8).

use std::collections::BTreeSet;

use boxoffice_core::account::{AccountChange, BalanceChange};
use boxoffice_core::{Drm, Environment, Event};
use http::Method;

use super::world::{GOOD, World, spc};
use crate::kit::{Answer, Lab, Request};

/// Raised by parameters and challenges of other DRMs alone, though they stand in FairPlay's list.
const OF_OTHERS: [Event; 11] = [
    Event::DeviceNotAuthenticated,
    Event::KidMissing,
    Event::OutputControlFlags,
    Event::OutputControlFlagsLength,
    Event::OutputControlRange,
    Event::RentalPeriodEndTimeMissing,
    Event::RentalPlayDurationInvalid,
    Event::RentalPlayDurationMissing,
    Event::RightsTypeInvalid,
    Event::RightsTypeMissing,
    Event::FpTokenType,
];

const KEY: &str = "contentKey=166634c675823c235a4a9446fad52e4d";
const IV: &str = "iv=d5fbd6b82ed93e4ef98ae40931ee33b7";

/// Token requests that are refused: what is added to a good one, or stands in its place.
const REQUESTS: [(Event, bool, &str); 21] = [
    (Event::TokenExpirationTime, true, "expirationTime=x"),
    (Event::IpAddress, true, "ipAddress=x"),
    (Event::ContentKey, false, "IV&contentKey=0123456789abcdef0123456789abcdeg"),
    (Event::ContentKeyLength, false, "IV&contentKey=00"),
    (Event::CookieInvalid, true, "cookie=%00"),
    (Event::ValueMissing, true, "fpExtension=wudo,"),
    (Event::ExtensionType, true, "fpExtension=wud,AAAA"),
    (Event::ExtensionPayload, true, "fpExtension=wudo,*"),
    (Event::FpExtension, true, "fpExtension=wudo"),
    (Event::ErrorFormat, true, "errorFormat=xml"),
    (Event::KeyStorage, false, "IV&kid=^a"),
    (Event::KidLength, false, "IV&KEY&kid=a"),
    (
        Event::KidNameTooLong,
        false,
        "IV&KEY&kid=^0123456789012345678901234567890123456789012345678901234567890123x",
    ),
    (Event::KidInvalid, false, "IV&KEY&kid=^"),
    (Event::EncryptedKeyOrKek, false, "IV&kek=00112233445566778899aabbccddeeff&ek=00"),
    (Event::GeneralFlags, true, "generalFlags=1"),
    (Event::IvInvalid, false, "KEY"),
    (Event::KeyData, false, "IV"),
    (Event::RentalDuration, true, "rentalDuration=x"),
    (Event::FairPlayDeviceId, true, "deviceId=00112233445566778899aabbccddeeff"),
    (Event::AuthenticatorInvalid, true, "customerAuthenticator=1"),
];

/// Checks an answer's facts in the format that was asked for.
fn check(raised: &mut BTreeSet<i32>, event: Event, format: &str, answer: &Answer) {
    let code = event.code();
    assert!(event.info().statuses.contains(&answer.status), "{event:?}: {}", answer.status);
    assert_eq!(answer.header("cache-control"), "no-store");
    let bracketed = format!("[{code}] {}", event.info().text);
    if format == "html" {
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{event:?}");
        assert!(answer.text().contains(&format!("[{code}]")), "{event:?}: {}", answer.text());
    } else {
        assert_eq!(answer.json()["code"], code, "{}", answer.text());
        assert!(answer.json()["message"].as_str().unwrap().starts_with(&bracketed), "{}", answer.text());
        assert!(!answer.json()["hint"].as_str().unwrap_or_default().is_empty(), "{event:?} has a hint");
    }
    raised.insert(code);
}

#[tokio::test]
async fn every_code_that_fairplay_can_raise_is_raised_in_both_formats() {
    let mut raised = BTreeSet::new();
    for format in ["html", "json"] {
        let world = World::new().await;
        let target = world.target(GOOD).await;
        for (event, added, parameters) in REQUESTS {
            let parameters = parameters.replace("IV", IV).replace("KEY", KEY);
            let good = if added { format!("{GOOD}&") } else { String::new() };
            let answer = if event == Event::AuthenticatorInvalid {
                world.lab.get(format!("/hms/fp/token?{good}{parameters}&errorFormat={format}")).await
            } else if event == Event::ErrorFormat {
                world.ask(&format!("{good}{parameters}")).await
            } else {
                world.ask(&format!("{good}{parameters}&errorFormat={format}")).await
            };
            check(&mut raised, event, if event == Event::ErrorFormat { "html" } else { format }, &answer);
        }
        let answer = world.lab.get(format!("/hms/fp/token?{GOOD}&errorFormat={format}")).await;
        check(&mut raised, Event::AuthenticatorMissing, format, &answer);
        let production = world.lab.account_in(Environment::Production).await;
        let parameters = format!("{GOOD}&errorFormat={format}");
        let answer = world.lab.ask_for_token(&production, "fp", &parameters).await;
        check(&mut raised, Event::FairPlayNotAuthorized, format, &answer);
        let bad_token = format!("/hms/fp/rights/?ExpressPlayToken=x&errorFormat={format}");
        check(&mut raised, Event::TokenInvalid, format, &world.redeem(&bad_token).await);
        let answer = world.post(&format!("{target}&errorFormat={format}"), "x").await;
        check(&mut raised, Event::CkcFailed, format, &answer);
        let none = AccountChange::default;
        for (event, change) in [
            (Event::InsufficientTokens, AccountChange { balance: Some(BalanceChange::Set(0)), ..none() }),
            (
                Event::FairPlayDisabled,
                AccountChange { balance: Some(BalanceChange::Unlimited), fairplay: Some(false), ..none() },
            ),
            (Event::AccountDisabled, AccountChange { enabled: Some(false), ..none() }),
        ] {
            world.lab.change(&world.customer, change).await;
            // At the token request, and at the redemption.
            check(&mut raised, event, format, &world.ask(&parameters).await);
            let asked = Request::new(Method::POST, format!("{target}&errorFormat={format}"));
            check(&mut raised, event, format, &world.lab.send(asked.body(spc().to_bytes())).await);
        }
        let fresh = Lab::start().await;
        let customer = fresh.account().await;
        fresh.storage.set_away(true);
        let answer = fresh.ask_for_token(&customer, "fp", &parameters).await;
        check(&mut raised, Event::AdminError, format, &answer);
    }
    let listed = |event: &&Event| event.info().drms.contains(&Drm::FairPlay) && event.is_raised();
    let expected: BTreeSet<_> = Event::ALL
        .iter()
        .filter(listed)
        .filter(|event| !OF_OTHERS.contains(event))
        .map(|event| event.code())
        .collect();
    assert_eq!(raised, expected);
}
