-- Accounts, authenticators, rings of keys and sealed values.
-- Times are microseconds since 1970-01-01T00:00:00Z; switches are 0 or 1.

CREATE TABLE accounts (
    id           INTEGER PRIMARY KEY,
    environment  INTEGER NOT NULL CHECK (environment IN (0, 1)),
    name         TEXT    NOT NULL,
    enabled      INTEGER NOT NULL,
    balance      INTEGER CHECK (balance >= 0), -- NULL: unlimited
    widevine     INTEGER NOT NULL,
    playready    INTEGER NOT NULL,
    fairplay     INTEGER NOT NULL,
    clearkey     INTEGER NOT NULL,
    lenient      INTEGER NOT NULL,
    one_time     INTEGER NOT NULL,
    service_keys INTEGER NOT NULL,
    max_streams  INTEGER,                      -- NULL: any number
    min_level    INTEGER CHECK (min_level BETWEEN 1 AND 3),
    created_at   INTEGER NOT NULL
) STRICT;

-- AUTOINCREMENT: records name an authenticator by its number for ever.
CREATE TABLE authenticators (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    INTEGER NOT NULL REFERENCES accounts (id),
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    scopes     INTEGER NOT NULL,               -- 1 tokens, 2 keys, 4 packagers
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX authenticators_by_account ON authenticators (account);

CREATE TABLE ring_keys (
    environment INTEGER NOT NULL CHECK (environment IN (0, 1)),
    purpose     TEXT    NOT NULL,
    id          INTEGER NOT NULL,
    wrapped     BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (environment, purpose, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sealed_values (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row, written to see whether the database can be written.
CREATE TABLE write_check (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL
) STRICT;
INSERT INTO write_check (id, count) VALUES (1, 0);
