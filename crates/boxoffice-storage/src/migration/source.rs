//! The embedded database, only read.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use tokio::sync::mpsc::Sender;

use super::tables::{SEQUENCES, TABLES, Table};
use super::value::{Part, Value};
use crate::sqlite::is_current;
use crate::{StorageError, column};

/// How many rows, and how many bytes of them, about, go together.
const PART_ROWS: usize = 2_000;
const PART_BYTES: usize = 4 << 20;

pub(super) struct Source(Connection);

/// The greatest number that was given so far, for each of the sequences.
pub(super) type Numbers = Vec<i64>;

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, StorageError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|error| StorageError::Unavailable(format!("{}: {error}", path.display())))?;
        if !is_current(&connection)? {
            return Err(StorageError::Unavailable(format!(
                "{} is of an older version: start boxoffice serve on it once, and end it",
                path.display()
            )));
        }
        Ok(Self(connection))
    }

    /// Reads every table, all as of one moment.
    pub(super) fn read(self, parts: &Sender<Part>) -> Result<Numbers, StorageError> {
        let Self(mut connection) = self;
        let snapshot = connection.transaction()?;
        for (number, table) in TABLES.iter().enumerate() {
            read_table(&snapshot, parts, number, table)?;
        }
        let mut last = snapshot.prepare("SELECT seq FROM sqlite_sequence WHERE name = ?1")?;
        SEQUENCES
            .iter()
            .map(|(_, table)| Ok(last.query_row([table], |row| row.get(0)).optional()?.unwrap_or(0)))
            .collect()
    }
}

fn read_table(
    snapshot: &Connection,
    parts: &Sender<Part>,
    table: usize,
    definition: &Table,
) -> Result<(), StorageError> {
    let count: i64 = snapshot.query_row(definition.count, [], |row| row.get(0))?;
    let of = column::to_number("a count of rows", count)?;
    let send = |rows| {
        let part = Part { table, of, rows };
        parts.blocking_send(part).map_err(|_| StorageError::Unavailable("the target has failed".to_owned()))
    };
    let mut select = snapshot.prepare(definition.select)?;
    let mut found = select.query([])?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        let mut values = Vec::with_capacity(definition.columns.len());
        for (index, (_, kind)) in definition.columns.iter().enumerate() {
            let value = Value::from_sqlite(row.get_ref(index)?, *kind)?;
            if let Value::Bytes(value) = &value {
                bytes += value.len();
            }
            values.push(value);
        }
        rows.push(values);
        if rows.len() == PART_ROWS || bytes >= PART_BYTES {
            send(std::mem::take(&mut rows))?;
            bytes = 0;
        }
    }
    // An empty table has its part too, which says so.
    send(rows)
}
