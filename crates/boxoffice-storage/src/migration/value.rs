//! Values on their way.

use bytes::BytesMut;
use rusqlite::types::ValueRef;
use tokio_postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};

use crate::StorageError;

/// What a column holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Bytes,
    Flag,
    Number,
}

impl Kind {
    pub(super) const fn postgres(self) -> Type {
        match self {
            Self::Bytes => Type::BYTEA,
            Self::Flag => Type::BOOL,
            Self::Number => Type::INT8,
        }
    }
}

/// A value of one.
#[derive(Debug)]
pub(super) enum Value {
    Bytes(Vec<u8>),
    Flag(bool),
    Null,
    Number(i64),
}

impl Value {
    pub(super) fn from_sqlite(value: ValueRef<'_>, kind: Kind) -> Result<Self, StorageError> {
        match (value, kind) {
            (ValueRef::Null, _) => Ok(Self::Null),
            (ValueRef::Integer(number), Kind::Number) => Ok(Self::Number(number)),
            (ValueRef::Integer(number), Kind::Flag) => Ok(Self::Flag(number != 0)),
            (ValueRef::Text(bytes) | ValueRef::Blob(bytes), Kind::Bytes) => Ok(Self::Bytes(bytes.to_vec())),
            (other, kind) => Err(StorageError::Broken(format!(
                "a value is of type {}, expected {kind:?}",
                other.data_type()
            ))),
        }
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        column: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Bytes(bytes) => bytes.to_sql(column, out),
            Self::Flag(flag) => flag.to_sql(column, out),
            Self::Null => Ok(IsNull::Yes),
            Self::Number(number) => number.to_sql(column, out),
        }
    }

    accepts!(BOOL, BYTEA, INT8);
    to_sql_checked!();
}

/// A part of a table.
pub(super) struct Part {
    /// Its place in [`TABLES`](super::tables::TABLES).
    pub(super) table: usize,
    /// How many rows the whole table has.
    pub(super) of: u64,
    pub(super) rows: Vec<Vec<Value>>,
}
