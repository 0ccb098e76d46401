//! Every table, and how its rows stand in both databases.

use super::value::Kind::{self, Bytes, Flag, Number};

/// A table.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// What is read from SQLite, in the order of `columns`.
    pub(super) select: &'static str,
    /// How many rows that is.
    pub(super) count: &'static str,
    /// Where it goes.
    pub(super) columns: &'static [(&'static str, Kind)],
}

/// A table whose columns have the same names in both.
macro_rules! table {
    ($name:literal, $($column:ident: $kind:ident),+) => {
        Table {
            name: $name,
            select: concat!("SELECT ", table!(@list $($column),+), " FROM ", $name),
            count: concat!("SELECT COUNT(*) FROM ", $name),
            columns: &[$((stringify!($column), $kind)),+],
        }
    };
    (@list $first:ident $(, $rest:ident)*) => { concat!(stringify!($first) $(, ", ", stringify!($rest))*) };
}

/// In an order in which each row's owner comes before it. `write_check` and the version are each database's own.
pub(super) const TABLES: &[Table] = &[
    table!(
        "accounts", id: Number, environment: Number, name: Bytes, enabled: Flag, balance: Number, widevine: Flag,
        playready: Flag, fairplay: Flag, clearkey: Flag, lenient: Flag, one_time: Flag, service_keys: Flag,
        max_streams: Number, min_level: Number, min_hdcp_type: Number, created_at: Number
    ),
    table!(
        "authenticators", id: Number, account: Number, hash: Bytes, scopes: Number, created_at: Number,
        revoked_at: Number
    ),
    table!("ring_keys", environment: Number, purpose: Bytes, id: Number, wrapped: Bytes, created_at: Number),
    table!("sealed_values", name: Bytes, value: Bytes),
    table!(
        "account_keys", account: Number, id: Number, storage_key: Number, wrapped: Bytes, created_at: Number,
        live_keys: Number, expired_keys: Number
    ),
    Table {
        name: "content_keys",
        // The embedded database keeps each KEK's name once.
        select: "SELECT k.account, k.kid, e.kind, e.kek_id, k.account_key, k.sealed, k.version, k.last_update, \
                 k.swept, k.only_one, k.expiration, k.period, k.content_id, k.info, k.scheme, k.track, k.iv \
                 FROM content_keys k JOIN keks e ON e.id = k.kek",
        count: "SELECT COUNT(*) FROM content_keys",
        columns: &[
            ("account", Number),
            ("kid", Bytes),
            ("kind", Number),
            ("kek_id", Bytes),
            ("account_key", Number),
            ("sealed", Bytes),
            ("version", Number),
            ("last_update", Number),
            ("swept", Flag),
            ("only_one", Flag),
            ("expiration", Number),
            ("period", Number),
            ("content_id", Bytes),
            ("info", Bytes),
            ("scheme", Bytes),
            ("track", Bytes),
            ("iv", Bytes),
        ],
    },
    table!(
        "seeds", id: Number, account: Number, kind: Number, imported: Flag, account_key: Number, sealed: Bytes,
        created_at: Number, retired_at: Number
    ),
    table!(
        "contents", seed: Number, tag: Bytes, account: Number, content_id: Bytes, track: Bytes,
        created_at: Number, deleted_at: Number
    ),
    table!(
        "key_audit_blocks", id: Number, first_time: Number, last_time: Number, records: Number, body: Bytes
    ),
    table!(
        "records", id: Number, time: Number, environment: Number, account: Number, drm: Number, kind: Number,
        granted: Flag, code: Number, attempts: Number, kids: Bytes, token_id: Bytes, address: Bytes,
        cookie: Bytes, device_id: Bytes, device: Bytes, request_id: Bytes, detail: Bytes
    ),
    table!("used_tokens", token_id: Bytes, kid: Bytes, expires: Number),
    table!(
        "streams", account: Number, user_id: Bytes, session: Bytes, started_at: Number, active_until: Number
    ),
    table!("released_sessions", session: Bytes, expires: Number),
    table!(
        "remembered_answers", environment: Number, key: Bytes, body_hash: Bytes, sealed: Bytes, expires: Number
    ),
];

/// The sequences of PostgreSQL, each with the table whose numbers SQLite counts.
pub(super) const SEQUENCES: &[(&str, &str)] = &[
    ("authenticator_ids", "authenticators"),
    ("seed_ids", "seeds"),
    ("key_audit_ids", "key_audit_blocks"),
    ("record_ids", "records"),
];
