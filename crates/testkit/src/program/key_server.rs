//! `boxoffice-testkit key-server`.

use super::failure::Failure;
use super::listen::Listen;
use crate::key_server::KeyServer;

/// The arguments.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    listen: Listen,
}

impl Arguments {
    pub(super) async fn run(self) -> Result<(), Failure> {
        self.listen.serve(KeyServer, "FairPlay key server", "/ckc").await
    }
}
