//! Widevine: the lab's licences, or what the operator's licence service says of a lab device.

use boxoffice_core::Drm;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use super::finding::Finding;
use crate::commands::redeem::{Redemption, redeem};
use crate::player::Player;

const WHAT: &str = "Widevine";

/// The service certificate. Where it comes from a licence service, it proves address, provider, signer and key at once.
pub async fn certificate(player: &Player, url: &Url) -> Finding {
    const WHAT: &str = "widevine";
    match player.ask(Method::GET, url, HeaderMap::new(), Vec::new()).await {
        Ok(answer) if answer.status == 200 => Finding::good(
            WHAT,
            format!("the back end gives its service certificate, {} bytes", answer.body.len()),
        ),
        Ok(answer) => {
            let said = answer.said();
            let told = format!("no service certificate: {} {said}", answer.status);
            let finding = if has_no_back_end(&said) {
                Finding::warning(WHAT, told)
            } else {
                Finding::problem(WHAT, told)
            };
            finding.advice(advice(&said))
        }
        Err(failure) => Finding::problem(WHAT, failure.to_string()),
    }
}

/// A token was minted: redeems it.
pub async fn examine(redemption: &Redemption<'_>) -> Finding {
    match redeem(Drm::Widevine, redemption).await {
        Ok(report) if report.differences.is_empty() => Finding::good(WHAT, "a token was minted and redeemed"),
        Ok(report) => {
            Finding::problem(WHAT, format!("the licence is otherwise: {}", report.differences.join("; ")))
        }
        Err(failure) => refused(&failure.to_string()),
    }
}

/// The vendor's licence service refuses the lab's device, and proves so that it answers.
fn refused(said: &str) -> Finding {
    let refuses_device = said.contains("the licence service refuses the challenge")
        || said.contains("the licence service calls");
    if refuses_device {
        return Finding::warning(
            WHAT,
            "a token was minted; the licence service answers, and refuses the lab's device",
        )
        .advice("one of the vendor's does; try a player on a certified device");
    }
    Finding::problem(WHAT, format!("a token was minted, and not redeemed: {said}")).advice(advice(said))
}

fn has_no_back_end(said: &str) -> bool {
    said.contains("no Widevine back end is configured")
}

fn advice(said: &str) -> &'static str {
    match () {
        () if has_no_back_end(said) => {
            "choose a back end in [environments.*.widevine]; docs/topics/widevine.md"
        }
        () if said.contains("(upstream-configuration)") => {
            "look at provider, signer, signing key and endpoints in [environments.*.widevine]"
        }
        () if said.contains("(upstream-unavailable)") => {
            "the licence service of [environments.*.widevine] does not answer as it should: see whether it is up; docs/setup/widevine-cloud.md"
        }
        () => "docs/topics/troubleshooting.md goes through the reasons",
    }
}
