//! FairPlay: whether the key server answers, tried with a lab SPC or with one of the operator's own.

use std::path::Path;
use std::time::Instant;

use drm_primitives::base64;
use reqwest::Url;

use super::finding::Finding;
use crate::commands::redeem::{Redemption, redeem};
use crate::failure::Failure;
use crate::player::Player;

const WHAT: &str = "FairPlay";

/// What no licence made here proves (fairplay.md, section 1).
const NOT_CLAIMED: &str = "not claimed: that an Apple device accepts the licence, which depends on your key server, \
                           certificate and agreement with Apple";

/// A token was minted: redeems it, where there is somebody who makes licences.
pub async fn examine(redemption: &Redemption<'_>, spc: Option<&Path>) -> Finding {
    if let Some(file) = spc {
        return match with_file(redemption.player, redemption.url, file).await {
            Ok(finding) => finding,
            Err(failure) => Finding::problem(WHAT, failure.to_string()),
        };
    }
    match redeem(boxoffice_core::Drm::FairPlay, redemption).await {
        Ok(report) if report.differences.is_empty() => {
            Finding::good(WHAT, format!("a token was minted and redeemed; {NOT_CLAIMED}"))
        }
        Ok(report) => {
            Finding::problem(WHAT, format!("the licence is otherwise: {}", report.differences.join("; ")))
        }
        Err(failure) => refused(&failure),
    }
}

/// A key server of Apple's refuses the lab's SPC, and proves so that it answers.
fn refused(failure: &Failure) -> Finding {
    let said = failure.to_string();
    if said.contains("no FairPlay key server is configured") {
        return Finding::good(WHAT, "a token was minted; no key server is configured to redeem it");
    }
    if said.contains("item status") {
        return Finding::warning(
            WHAT,
            "a token was minted; the key server answers, and refuses the lab's SPC",
        )
        .advice("one with Apple's SDK does; give a sample request of the SDK with --fairplay-spc FILE");
    }
    Finding::problem(WHAT, format!("a token was minted, and not redeemed: {said}")).advice(
        "the key server of [environments.*.fairplay] does not answer as it should; docs/topics/fairplay.md",
    )
}

/// Status, size and time; nothing is kept.
async fn with_file(player: &Player, url: &Url, file: &Path) -> Result<Finding, Failure> {
    let bytes =
        std::fs::read(file).map_err(|error| Failure::refused(format!("{}: {error}", file.display())))?;
    // Raw, or as base64, as samples come.
    let body = match base64::decode(bytes.trim_ascii()) {
        Ok(decoded) if !decoded.is_empty() => decoded,
        Ok(_) | Err(_) => bytes,
    };
    let began = Instant::now();
    let answer = player.post(url, "application/octet-stream", body).await?;
    let milliseconds = began.elapsed().as_millis();
    if answer.status == 200 {
        let bytes = answer.body.len();
        let told = format!("status 200, a CKC of {bytes} bytes, in {milliseconds} ms; {NOT_CLAIMED}");
        return Ok(Finding::good(WHAT, told));
    }
    Ok(Finding::problem(WHAT, format!("{} {} in {milliseconds} ms", answer.status, answer.said())))
}
