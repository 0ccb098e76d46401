//! What all servers of the program have in common.

use std::io::Write as _;

use super::failure::Failure;
use crate::server::{Fault, MockServer, Place, Role};

/// Where to listen, and what goes wrong from the start.
#[derive(clap::Args)]
pub(super) struct Listen {
    /// The address, or unix: and the path of a socket; port 0 takes a free one
    #[arg(long = "listen", value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    place: Place,
    /// A fault of the next request; may be given several times, for one request each
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,
    /// A fault of every request, or of every so many: see --every
    #[arg(long, value_name = "FAULT")]
    standing_fault: Option<String>,
    /// Which requests the standing fault breaks: every Nth
    #[arg(long, value_name = "N", default_value_t = 1, requires = "standing_fault")]
    every: u64,
}

impl Listen {
    /// Serves a role until the program is interrupted.
    pub(super) async fn serve<R: Role>(self, role: R, name: &str, path: &str) -> Result<(), Failure> {
        // Read before the port is there: who finds the server finds it broken as wanted.
        let next = self.fault.iter().map(|text| text.parse());
        let next = next.collect::<Result<Vec<Fault<R::Fault>>, _>>()?;
        let standing = self.standing_fault.as_deref().map(str::parse::<Fault<R::Fault>>).transpose()?;
        let place = self.place;
        let server = MockServer::start_at(role, place.clone(), None)
            .await
            .map_err(|error| Failure::Listen { place, error })?;
        for fault in next {
            server.faults().next(fault);
        }
        if let Some(fault) = standing {
            server.faults().every(self.every, fault);
        }
        writeln!(std::io::stdout(), "boxoffice-testkit: {name} at {}", server.url(path))
            .map_err(Failure::Output)?;
        tokio::signal::ctrl_c().await.map_err(Failure::Runtime)
    }
}
