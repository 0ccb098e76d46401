//! A token of each enabled DRM minted, and redeemed where there is a lab device for it.

use std::path::Path;

use boxoffice_core::Drm;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use super::finding::Finding;
use super::{Known, fairplay, widevine};
use crate::commands::redeem::{AskedType, Redemption, redeem};
use crate::commands::token::{self, GivenToken};
use crate::player::Player;

/// Looks at every DRM.
pub async fn examine(player: &Player, server: &Url, known: &Known, spc: Option<&Path>) -> Vec<Finding> {
    let Some(authenticator) = &known.authenticator else {
        let advice = "give --authenticator with one that boxoffice account create printed";
        return vec![Finding::warning("tokens", "not tried: there is no demo account").advice(advice)];
    };
    let mut findings = Vec::new();
    for drm in Drm::ALL {
        let enabled = known.account.as_ref().is_none_or(|account| account.options.allows(drm));
        if enabled {
            findings.push(examine_drm(player, server, known, (authenticator, spc), drm).await);
        } else {
            findings.push(Finding::good(drm.name(), "switched off for this account"));
        }
    }
    findings
}

async fn examine_drm(
    player: &Player,
    server: &Url,
    known: &Known,
    (authenticator, spc): (&str, Option<&Path>),
    drm: Drm,
) -> Finding {
    let what = drm.name();
    let request = token_request(server, authenticator, drm);
    let answer = match player.ask(Method::GET, &request, HeaderMap::new(), Vec::new()).await {
        Ok(answer) if answer.status == 200 => answer,
        Ok(answer) => {
            return Finding::problem(what, format!("no token: {} {}", answer.status, answer.said()))
                .advice("the message says what was wrong with the request; boxoffice account show tells what the account may do");
        }
        Err(failure) => return Finding::problem(what, failure.to_string()),
    };
    let given: GivenToken = match String::from_utf8_lossy(&answer.body).parse() {
        Ok(given) => given,
        Err(problem) => return Finding::problem(what, format!("the answer holds no token: {problem}")),
    };
    let Ok(granted) = token::open(&known.rings.current(), &given) else {
        return Finding::warning(
            what,
            "a token was minted; this data directory cannot open it, so it was not redeemed",
        );
    };
    // At the address that the doctor examines, which may be another than the one that is handed out.
    let url = given.at(server, drm);
    let redemption = Redemption {
        lab: &known.lab,
        player,
        url: &url,
        granted: Some(&granted),
        device: None,
        licence_type: AskedType::Streaming,
        privacy: false,
    };
    match drm {
        Drm::FairPlay => return fairplay::examine(&redemption, spc).await,
        Drm::Widevine => return widevine::examine(&redemption).await,
        Drm::ClearKey | Drm::PlayReady => {}
    }
    match redeem(drm, &redemption).await {
        Ok(report) if report.differences.is_empty() => Finding::good(what, "a token was minted and redeemed"),
        Ok(report) => {
            Finding::problem(what, format!("the licence is otherwise: {}", report.differences.join("; ")))
        }
        Err(failure) => Finding::problem(what, format!("a token was minted, and not redeemed: {failure}"))
            .advice("docs/topics/troubleshooting.md goes through the reasons"),
    }
}

/// A request with the least that each DRM asks for.
fn token_request(server: &Url, authenticator: &str, drm: Drm) -> Url {
    let mut url = server.clone();
    url.set_path(&format!("{}/hms/{}/token", server.path().trim_end_matches('/'), drm.code()));
    url.query_pairs_mut()
        .clear()
        .append_pair("customerAuthenticator", authenticator)
        .append_pair("errorFormat", "json")
        .append_pair("expirationTime", "+60")
        .append_pair("kid", "80ea8bc8a58f990ad1f76bc665b30bfa")
        .append_pair("contentKey", "00112233445566778899aabbccddeeff");
    let rest: &[(&str, &str)] = match drm {
        Drm::ClearKey => &[],
        Drm::FairPlay => &[("iv", "00000000000000000000000000000000")],
        Drm::PlayReady => &[
            ("rightsType", "BuyToOwn"),
            ("analogVideoOPL", "0"),
            ("compressedDigitalAudioOPL", "0"),
            ("compressedDigitalVideoOPL", "0"),
            ("uncompressedDigitalAudioOPL", "0"),
            ("uncompressedDigitalVideoOPL", "0"),
        ],
        Drm::Widevine => &[("securityLevel", "1"), ("hdcpOutputControl", "0")],
    };
    url.query_pairs_mut().extend_pairs(rest);
    url
}
