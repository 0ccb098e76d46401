//! `boxoffice codes`: the catalogue of event codes.

use boxoffice_core::Event;
use serde_json::{Value, json};

use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::table;

/// Prints every event code: number, name, text, status, DRMs, and what raises it
#[derive(clap::Args)]
pub struct Codes {
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Codes {
    pub fn run(&self, console: Console<'_>) -> Result<(), Failure> {
        if self.json {
            return write_json(console, &Event::ALL.iter().map(|&event| as_json(event)).collect());
        }
        let row = |event: &Event| {
            let info = event.info();
            let statuses: Vec<_> = info.statuses.iter().map(ToString::to_string).collect();
            let drms: Vec<_> = info.drms.iter().map(|drm| drm.catalogue_code()).collect();
            let raised = if event.is_raised() {
                format!("by {}", info.raised_by.join(", "))
            } else {
                format!("not raised here: {}", info.not_raised_because)
            };
            [
                info.code.to_string(),
                info.name.to_owned(),
                statuses.join("/"),
                drms.join(" "),
                format!("{} ({raised})", info.text),
            ]
        };
        let rows: Vec<_> = Event::ALL.iter().map(row).collect();
        table::write(console, ["code", "name", "status", "DRMs", "text"], &rows)
    }
}

/// One code, as operations.md, section 1, has it.
fn as_json(event: Event) -> Value {
    let info = event.info();
    json!({
        "code": info.code,
        "name": info.name,
        "text": info.text,
        "status": event.usual_status(),
        "statuses": info.statuses,
        "drms": info.drms.iter().map(|drm| drm.catalogue_code()).collect::<Vec<_>>(),
        "raised": event.is_raised(),
        "raised_by": info.raised_by,
    })
}
