//! How a record is printed.

use boxoffice_server::records::line::{kind_word, whole};
use boxoffice_storage::{RecordKind, StoredRecord};
use drm_primitives::Kid;
use serde_json::Value;

use crate::console::Console;
use crate::failure::Failure;
use crate::times;

/// In which form.
#[derive(Clone, Copy)]
pub enum Form {
    /// CSV, with a heading.
    Csv,
    /// A JSON object a line.
    Json,
    /// A line to read.
    Lines,
}

/// Prints records one by one.
pub struct Writer<'a> {
    form: Form,
    console: Console<'a>,
}

/// The columns of CSV: the members of the JSON, in its order.
const COLUMNS: [&str; 17] = [
    "event_id",
    "time",
    "granted",
    "error_code",
    "drm",
    "kids",
    "cookie",
    "token_id",
    "device_id",
    "device",
    "address",
    "attempts",
    "request_id",
    "environment",
    "account_id",
    "kind",
    "detail",
];

impl<'a> Writer<'a> {
    pub fn new(form: Form, console: Console<'a>) -> Result<Self, Failure> {
        let mut writer = Self { form, console };
        if matches!(form, Form::Csv) {
            writer.row(&COLUMNS.map(ToOwned::to_owned))?;
        }
        Ok(writer)
    }

    pub fn write(&mut self, stored: &StoredRecord) -> Result<(), Failure> {
        match self.form {
            Form::Json => writeln!(self.console, "{}", whole(stored))?,
            Form::Lines => writeln!(self.console, "{}", line(stored))?,
            Form::Csv => {
                let members = whole(stored);
                self.row(&COLUMNS.map(|name| cell(members.get(name))))?;
            }
        }
        Ok(())
    }

    fn row(&mut self, cells: &[String; COLUMNS.len()]) -> Result<(), Failure> {
        let mut row = csv::WriterBuilder::new().from_writer(Vec::new());
        let written = row.write_record(cells).map_err(|error| Failure::refused(error.to_string()));
        written?;
        let bytes = row.into_inner().map_err(|error| Failure::refused(error.to_string()))?;
        self.console.write_all(&bytes)?;
        Ok(())
    }
}

/// A member as a cell: lists with blanks in between, nothing for `null`.
fn cell(member: Option<&Value>) -> String {
    match member {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Some(other) => other.to_string(),
    }
}

/// `2026-04-14T12:01:10Z  4711  100001  wv  granted  order-17  9eb4…  192.0.2.7  LabCo …, L1`.
fn line(stored: &StoredRecord) -> String {
    let record = &stored.record;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let kids = match record.kids.as_slice() {
        [] => "-".to_owned(),
        [kid] => Kid::to_hex(kid),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    };
    let outcome = match (record.granted, record.kind) {
        (true, RecordKind::Licence) => "granted".to_owned(),
        (true, kind) => kind_word(kind).to_owned(),
        (false, _) => record.code.to_string(),
    };
    format!(
        "{}  {}  {}  {}  {outcome:<7}  {}  {kids}  {}  {}",
        times::text(record.time),
        stored.id.0,
        or_dash(record.account.map(|account| account.to_string())),
        record.drm.code(),
        or_dash(record.cookie.clone()),
        or_dash(record.address.map(|address| address.to_string())),
        or_dash(record.device.clone()),
    )
}
