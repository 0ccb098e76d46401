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

/// Clients at once. One that waits for its answer until this is on stable storage sends nothing meanwhile, so it takes
/// many of them to make work for a commit; both sides of a ratio have as many.
const CLIENTS: u32 = 512;
