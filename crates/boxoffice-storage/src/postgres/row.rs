//! Values out of rows, without the driver's panics.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::error::Fault;
use crate::{StorageError, column};

/// A column's value.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, Fault> {
    Ok(row.try_get(index)?)
}

/// A column's value in a smaller type of ours.
pub(super) fn number<T: TryFrom<i64>>(row: &Row, index: usize, what: &str) -> Result<T, Fault> {
    Ok(column::to_number(what, get(row, index)?)?)
}

/// A text.
pub(super) fn text(row: &Row, index: usize) -> Result<String, Fault> {
    to_text(get(row, index)?)
}

/// A text that may be missing.
pub(super) fn optional_text(row: &Row, index: usize) -> Result<Option<String>, Fault> {
    get::<Option<&[u8]>>(row, index)?.map(to_text).transpose()
}

/// Bytes of a fixed length.
pub(super) fn array<const N: usize>(row: &Row, index: usize, what: &str) -> Result<[u8; N], Fault> {
    to_array(get(row, index)?, what)
}

pub(super) fn to_array<const N: usize>(bytes: &[u8], what: &str) -> Result<[u8; N], Fault> {
    bytes.try_into().map_err(|_| {
        Fault::Failed(StorageError::Broken(format!("{what} has {} bytes, expected {N}", bytes.len())))
    })
}

fn to_text(bytes: &[u8]) -> Result<String, Fault> {
    let text = String::from_utf8(bytes.to_vec());
    text.map_err(|_| Fault::Failed(StorageError::Broken("a text is not UTF-8".to_owned())))
}
