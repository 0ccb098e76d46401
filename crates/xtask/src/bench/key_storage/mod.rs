//! The key storage: reads and creates with all that they make durable, and ten million keys.

mod create;
mod keys;
mod one_row;
mod read;
mod ten_million;

pub use create::measure as measure_create;
pub use one_row::{Arguments as OneRowArguments, run as run_one_row};
pub use read::measure as measure_read;
pub use ten_million::measure as measure_ten_million;
