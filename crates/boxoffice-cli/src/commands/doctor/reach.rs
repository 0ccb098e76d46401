//! Whether players reach the server at all: network, certificate, readiness, clock, CORS.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::finding::Finding;
use super::widevine;
use crate::player::{Answer, Player};
use crate::times;

/// Clocks may differ by so many seconds: tokens that end soon, and rentals, are cut short by the difference.
const CLOCK_TOLERANCE_SECONDS: i64 = 5;

/// Looks at everything that needs no token.
pub async fn examine(player: &Player, server: &Url, origin: &str, now: Timestamp) -> Vec<Finding> {
    let health = match player.ask(Method::GET, &at(server, "/healthz"), HeaderMap::new(), Vec::new()).await {
        Ok(answer) => answer,
        Err(failure) => {
            let advice = "start it with boxoffice serve; check address, port, firewall and, with https, that the certificate is valid for this name";
            return vec![Finding::unreachable("reachable", failure.to_string()).advice(advice)];
        }
    };
    let mut findings = vec![match health.status {
        200 => Finding::good("reachable", "the process is up"),
        status => Finding::problem("reachable", format!("/healthz answers {status}: {}", health.said()))
            .advice("is this the base of a Boxoffice server's URLs?"),
    }];
    findings.push(certificate(server));
    findings.push(readiness(player, server).await);
    findings.push(clock(&health, now));
    findings.push(preflight(player, server, origin).await);
    findings.push(errors_are_readable(player, server, origin).await);
    findings.push(widevine::certificate(player, &at(server, "/hms/wv/certificate")).await);
    findings
}

fn at(server: &Url, path: &str) -> Url {
    let mut url = server.clone();
    url.set_path(&format!("{}{path}", server.path().trim_end_matches('/')));
    url
}

fn certificate(server: &Url) -> Finding {
    let host = server.host_str().unwrap_or_default();
    let here = host.ends_with("localhost") || host.starts_with("127.") || host == "[::1]";
    match server.scheme() {
        "https" => Finding::good("encrypted", "the certificate is valid for this name and trusted by this machine"),
        _ if here => Finding::good("encrypted", "no TLS, and none is needed on this machine alone"),
        _ => Finding::problem("encrypted", "no TLS: whoever sees a token's URL on the way can redeem it")
            .advice("set [server] tls, or put a proxy with TLS in front; pages on https cannot load licences from http"),
    }
}

async fn readiness(player: &Player, server: &Url) -> Finding {
    match player.ask(Method::GET, &at(server, "/readyz"), HeaderMap::new(), Vec::new()).await {
        Ok(answer) if answer.status == 200 => Finding::good("ready", "database and key material are usable"),
        Ok(answer) => {
            Finding::problem("ready", format!("/readyz answers {}: {}", answer.status, answer.said()))
                .advice("look for the database's error in the log")
        }
        Err(failure) => Finding::problem("ready", failure.to_string()),
    }
}

fn clock(answer: &Answer, now: Timestamp) -> Finding {
    let theirs = DateTimeParser::new().parse_timestamp(answer.header("date")).ok();
    let Some(theirs) = theirs else {
        return Finding::warning("clock", "the answer has no Date that can be read");
    };
    let ahead = theirs.as_second() - now.as_second();
    let distance = times::duration(ahead.unsigned_abs());
    if ahead.abs() <= CLOCK_TOLERANCE_SECONDS {
        return Finding::good("clock", "the same as this machine's");
    }
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    Finding::problem("clock", format!("{distance} {direction} this machine's"))
        .advice("synchronise both by NTP")
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &str)| {
        HeaderValue::from_str(value).ok().map(|value| (HeaderName::from_static(name), value))
    };
    pairs.iter().filter_map(header).collect()
}

async fn preflight(player: &Player, server: &Url, origin: &str) -> Finding {
    let headers = headers(&[
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ]);
    let answer = match player.ask(Method::OPTIONS, &at(server, "/hms/wv/rights/"), headers, Vec::new()).await
    {
        Ok(answer) => answer,
        Err(failure) => return Finding::problem("preflight", failure.to_string()),
    };
    let allowed = answer.header("access-control-allow-origin");
    if (200..300).contains(&answer.status) && (allowed == "*" || allowed == origin) {
        return Finding::good("preflight", format!("pages of {origin} may redeem"));
    }
    Finding::problem("preflight", format!("pages of {origin} may not redeem: {} {allowed:?}", answer.status))
        .advice("add the origin to [players] origins, and see that no proxy answers OPTIONS itself")
}

async fn errors_are_readable(player: &Player, server: &Url, origin: &str) -> Finding {
    let url = at(server, "/hms/wv/rights/");
    let answer = match player.ask(Method::POST, &url, headers(&[("origin", origin)]), Vec::new()).await {
        Ok(answer) => answer,
        Err(failure) => return Finding::problem("errors", failure.to_string()),
    };
    let allowed = answer.header("access-control-allow-origin");
    let exposed = answer.header("access-control-expose-headers").to_lowercase();
    if (allowed == "*" || allowed == origin) && exposed.contains("x-request-id") {
        return Finding::good("errors", "pages can read refusals and their request id");
    }
    Finding::problem("errors", format!("a refusal ({}) comes without CORS headers", answer.status))
        .advice("see that no proxy replaces error answers or drops their headers")
}
