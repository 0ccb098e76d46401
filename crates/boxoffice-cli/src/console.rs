//! Where a command writes its answer.

use std::io::Write;

use serde_json::Value;

use crate::failure::Failure;

/// Where a command writes its answer: standard output.
pub type Console<'a> = &'a mut dyn Write;

/// Writes JSON, indented, and a line break.
pub fn write_json(console: Console<'_>, value: &Value) -> Result<(), Failure> {
    writeln!(console, "{value:#}")?;
    Ok(())
}
