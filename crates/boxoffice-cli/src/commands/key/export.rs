//! `boxoffice key export`.

use std::io;
use std::io::Write as _;

use boxoffice_core::AccountId;
use drm_primitives::Kek;

use crate::commands::account::account_id;
use crate::console::Console;
use crate::failure::Failure;
use crate::key_storage;
use crate::place::{self, Place};

/// Writes every key of an account wrapped under a KEK, as JSON lines; never in clear
///
/// Keys under a client's KEK that is another one cannot be wrapped anew by anybody here: they are named on
/// standard error, and the command ends with 1.
#[derive(clap::Args)]
pub struct Export {
    /// The account's number
    #[arg(value_name = "ACCOUNT", value_parser = account_id)]
    account: AccountId,
    /// The KEK that every key is wrapped under
    #[arg(long, value_name = "HEX", value_parser = key_storage::kek)]
    kek: Kek,
    /// Changes nothing: it is JSON lines in any case
    #[arg(long)]
    json: bool,
}

impl Export {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (installation, keys) = key_storage::open(place).await?;
        let account = place::account(&installation, self.account).await?;
        let call = key_storage::call(&account);
        let (mut after, mut left_out, mut lines) = (None, 0_u64, Vec::new());
        loop {
            let page = keys.export(&call, &self.kek, after).await?;
            lines.clear();
            for key in &page.keys {
                key.view().write_onto(&mut lines);
                lines.push(b'\n');
            }
            console.write_all(&lines)?;
            for kid in &page.left_out {
                left_out += 1;
                // Where standard error is gone the end of the command still tells.
                let _ = writeln!(io::stderr(), "{kid} is under another KEK and is left out");
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if left_out == 0 {
            return Ok(());
        }
        Err(Failure::refused(format!("{left_out} keys are under another KEK and are left out")))
    }
}
