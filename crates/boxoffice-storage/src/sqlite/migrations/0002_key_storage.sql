-- The key storage (key-storage.md): every value is sealed before it comes.

-- The keys that seal an account's rows, each wrapped under a storage key; with the number of rows that each seals.
CREATE TABLE account_keys (
    account      INTEGER NOT NULL REFERENCES accounts (id),
    id           INTEGER NOT NULL,
    storage_key  INTEGER NOT NULL,
    wrapped      BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    live_keys    INTEGER NOT NULL DEFAULT 0 CHECK (live_keys >= 0),
    expired_keys INTEGER NOT NULL DEFAULT 0 CHECK (expired_keys >= 0),
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- The KEKs that keys are listed by, each with the number of its keys: a listing chooses its way by it.
CREATE TABLE keks (
    id      INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    kind    INTEGER NOT NULL,               -- 0 client KEK, 1 service-held
    kek_id  TEXT,                           -- NULL: service-held, or a client's who gave none
    keys    INTEGER NOT NULL CHECK (keys >= 0)
) STRICT;
-- A blob, so that no kekId is equal to what stands for none.
CREATE UNIQUE INDEX keks_by_name ON keks (account, kind, COALESCE(kek_id, x'00'));

-- One row a KID. KIDs are random, so whatever is ordered by them costs a page of its own for each new row. Only
-- the narrow index of KIDs is; rows and the other indexes grow at their ends.
CREATE TABLE content_keys (
    id          INTEGER PRIMARY KEY,
    account     INTEGER NOT NULL,
    kid         BLOB    NOT NULL CHECK (length(kid) = 16),
    kek         INTEGER NOT NULL REFERENCES keks (id),
    account_key INTEGER NOT NULL,
    sealed      BLOB    NOT NULL,
    version     INTEGER NOT NULL,
    last_update INTEGER NOT NULL,
    swept       INTEGER NOT NULL,           -- 1: expired, and no longer counted
    only_one    INTEGER NOT NULL,           -- 1: the only key of its content id, track and period
    expiration  INTEGER,
    period      INTEGER,
    content_id  TEXT,
    info        TEXT,
    scheme      TEXT,
    track       TEXT,
    iv          BLOB
) STRICT;
CREATE UNIQUE INDEX content_keys_by_kid ON content_keys (account, kid);
CREATE INDEX content_keys_by_content ON content_keys (account, content_id, kid) WHERE content_id IS NOT NULL;
CREATE INDEX content_keys_by_kek ON content_keys (kek);
CREATE INDEX content_keys_by_expiration ON content_keys (swept, expiration) WHERE expiration IS NOT NULL;
CREATE UNIQUE INDEX content_keys_by_track
    ON content_keys (account, content_id, track, COALESCE(period, -1)) WHERE only_one = 1;

-- AUTOINCREMENT: a kekId names a seed by its number for ever.
CREATE TABLE seeds (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account     INTEGER NOT NULL REFERENCES accounts (id),
    kind        INTEGER NOT NULL,           -- 0 native, 1 open, 2 PlayReady
    imported    INTEGER NOT NULL,
    account_key INTEGER NOT NULL,
    sealed      BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    retired_at  INTEGER
) STRICT;
CREATE INDEX seeds_by_account ON seeds (account);
-- Kinds 1 and 2 answer for any KID: an account has one such seed at most.
CREATE UNIQUE INDEX seeds_one_open ON seeds (account) WHERE kind <> 0 AND retired_at IS NULL;

-- What a seed's keys were made for.
CREATE TABLE contents (
    seed       INTEGER NOT NULL REFERENCES seeds (id),
    tag        BLOB    NOT NULL CHECK (length(tag) = 8),
    account    INTEGER NOT NULL,
    content_id BLOB,                        -- NULL: an imported seed's, whose names nobody knows
    track      TEXT,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (seed, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX contents_by_content ON contents (account, content_id);

-- Audit records of key calls, one row for all that one commit wrote: a record costs its bytes and no tree of its own.
CREATE TABLE key_audit_blocks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    first_time INTEGER NOT NULL,
    last_time  INTEGER NOT NULL,
    records    INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT;
CREATE INDEX key_audit_blocks_by_time ON key_audit_blocks (last_time);
