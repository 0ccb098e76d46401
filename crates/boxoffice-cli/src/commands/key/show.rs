//! `boxoffice key show`.

use boxoffice_core::AccountId;
use boxoffice_server::keystore::ShownKey;
use drm_primitives::Kid;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::kid;
use crate::commands::account::account_id;
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::{self, Place};
use crate::{key_storage, times};

#[derive(clap::Args)]
pub struct Show {
    /// The account's number
    #[arg(value_name = "ACCOUNT", value_parser = account_id)]
    account: AccountId,
    /// 32 hex digits, or ^ and a name
    #[arg(value_name = "KID", value_parser = kid)]
    kid: Kid,
    /// Shows the key too, or the wrapped key where only a client can open it
    #[arg(long)]
    reveal_keys: bool,
    /// Prints JSON: a key object
    #[arg(long)]
    json: bool,
}

impl Show {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (installation, keys) = key_storage::open(place).await?;
        let account = place::account(&installation, self.account).await?;
        let call = key_storage::call(&account);
        let outcome = keys.read(&call, "show", vec![self.kid], None).await;
        let shown = keys.release(&call, "show", |_| 200, outcome).await?;
        let Some(key) = shown.first() else { return Ok(()) };
        if self.json {
            return write_json(console, &self.as_json(key)?);
        }
        let view = key.view();
        let mut line = |name: &str, value: Option<String>| match value {
            Some(value) => writeln!(console, "{name:<12}{value}"),
            None => Ok(()),
        };
        let text = |text: Option<&str>| text.map(|text| format!("{text:?}"));
        line("kid", Some(view.kid.to_hex()))?;
        line("held by", Some(holder(key).to_owned()))?;
        if self.reveal_keys {
            let mut value = Zeroizing::new(Vec::new());
            view.write_value_onto(&mut value);
            line("value", Some(String::from_utf8_lossy(&value).into_owned()))?;
        }
        line("kekId", text(view.kek_id))?;
        line("info", text(view.info))?;
        line("contentId", text(view.content_id))?;
        line("expiration", view.expiration.map(times::text))?;
        line("lastUpdate", view.last_update.map(times::text))?;
        line("scheme", view.scheme.map(ToOwned::to_owned))?;
        line("track", text(view.track))?;
        line("period", view.period.map(|period| period.to_string()))?;
        Ok(())
    }

    /// The key object, without key and wrapped key unless they are asked for.
    fn as_json(&self, key: &ShownKey) -> Result<Value, Failure> {
        let mut view = key.view();
        if !self.reveal_keys {
            (view.key, view.wrapped) = (None, None);
        }
        let mut object = Zeroizing::new(Vec::new());
        view.write_onto(&mut object);
        let mut object: Value =
            serde_json::from_slice(&object).map_err(|error| Failure::refused(error.to_string()))?;
        if let Some(members) = object.as_object_mut() {
            members.insert("held_by".to_owned(), json!(holder(key)));
        }
        Ok(object)
    }
}

/// Who can open it.
fn holder(key: &ShownKey) -> &'static str {
    match (&key.wrapped, key.last_update) {
        (Some(_), _) => "client",
        (None, Some(_)) => "service",
        (None, None) => "seed",
    }
}
