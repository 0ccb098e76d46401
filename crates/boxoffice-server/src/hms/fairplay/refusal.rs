//! What the protocol crate's faults are called outside (fairplay.md, sections 3 and 5).

use boxoffice_core::{Environment, Event, Refusal};
use fairplay::{Blame, KeyServerFault};

use crate::upstream::Unreached;

/// `Retry-After` where the key server did not say.
const PATIENCE: u32 = 2;

/// There is no one SPC in the body.
pub(crate) fn bad_body(hint: impl Into<String>) -> Refusal {
    Refusal::new(Event::CkcFailed, hint).reason("body").status(400)
}

/// Nobody makes FairPlay licences here.
pub(super) fn no_key_server(environment: Environment) -> Refusal {
    let hint = format!(
        "no FairPlay key server is configured for the {environment} environment; the operator sets \
         [environments.{environment}.fairplay] endpoints"
    );
    unavailable(hint, 60)
}

/// The key server was not reached.
pub(super) fn unreached(unreached: Unreached) -> Refusal {
    unavailable(format!("the FairPlay key server did not answer: {unreached}"), unreached.retry_after())
}

/// The key server has answered, and made no CKC. `asked` says how often it was asked, and how long that took.
pub(super) fn of(fault: &KeyServerFault, asked: &str) -> Refusal {
    let hint = format!("{fault} ({asked})");
    match (fault.blame(), fault) {
        (Blame::Spc, _) => Refusal::new(Event::CkcFailed, hint).reason("upstream-refused").status(400),
        (Blame::Moment, KeyServerFault::Overloaded { retry_after_seconds: Some(seconds) }) => {
            unavailable(hint, (*seconds).max(1))
        }
        (Blame::Moment, _) => unavailable(hint, PATIENCE),
        (Blame::KeyServer, _) => {
            Refusal::new(Event::CkcFailed, hint).reason("upstream-configuration").status(502)
        }
    }
}

fn unavailable(hint: String, retry_after: u32) -> Refusal {
    Refusal::new(Event::CkcFailed, hint).reason("upstream-unavailable").status(503).retry_after(retry_after)
}
