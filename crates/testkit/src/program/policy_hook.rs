//! `boxoffice-testkit policy-hook`.

use std::path::PathBuf;

use serde_json::Value;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::listen::Listen;
use crate::policy_hook::{PolicyHook, Proof};

/// The arguments.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    listen: Listen,
    /// What is answered [default: {"decision":"grant"}]
    #[arg(long, value_name = "JSON", value_parser = json)]
    answer: Option<Value>,
    /// File with the secret that whoever asks must know: as a bearer, or to sign with, where --key-id names it
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The secret's name, with which questions are signed
    #[arg(long, value_name = "NAME", requires = "secret_file")]
    key_id: Option<String>,
}

/// Left to itself, the parser of arguments would make a text of whatever it is given.
fn json(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}

impl Arguments {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let secret = match self.secret_file {
            None => None,
            Some(file) => {
                let text = std::fs::read_to_string(&file).map(Zeroizing::new);
                let text = text.map_err(|error| Failure::File { file, error })?;
                Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
            }
        };
        let proof = match (secret, self.key_id) {
            (None, _) => Proof::None,
            (Some(secret), None) => Proof::Bearer(secret),
            (Some(secret), Some(key_id)) => Proof::Hmac { key_id, secret },
        };
        let hook = PolicyHook::new(proof);
        if let Some(answer) = self.answer {
            hook.answer_with(answer);
        }
        self.listen.serve(hook, "policy hook", "/policy").await
    }
}
