-- Accounts, authenticators, rings of keys and sealed values.
-- Times are microseconds since 1970-01-01T00:00:00Z. Texts are UTF-8 in BYTEA: they may hold U+0000, which TEXT
-- may not, and are compared byte by byte as in the embedded database, whatever the collation is.
-- Every statement can be repeated, for engines whose schema changes are not part of a transaction.

CREATE TABLE IF NOT EXISTS accounts (
    id           BIGINT  NOT NULL PRIMARY KEY,
    environment  BIGINT  NOT NULL CHECK (environment IN (0, 1)),
    name         BYTEA   NOT NULL,
    enabled      BOOLEAN NOT NULL,
    balance      BIGINT  CHECK (balance >= 0), -- NULL: unlimited
    widevine     BOOLEAN NOT NULL,
    playready    BOOLEAN NOT NULL,
    fairplay     BOOLEAN NOT NULL,
    clearkey     BOOLEAN NOT NULL,
    lenient      BOOLEAN NOT NULL,
    one_time     BOOLEAN NOT NULL,
    service_keys BOOLEAN NOT NULL,
    max_streams  BIGINT,                       -- NULL: any number
    min_level    BIGINT  CHECK (min_level BETWEEN 1 AND 3),
    created_at   BIGINT  NOT NULL
);

-- Records name an authenticator by its number for ever.
CREATE SEQUENCE IF NOT EXISTS authenticator_ids;
CREATE TABLE IF NOT EXISTS authenticators (
    id         BIGINT NOT NULL PRIMARY KEY DEFAULT nextval('authenticator_ids'),
    account    BIGINT NOT NULL REFERENCES accounts (id),
    hash       BYTEA  NOT NULL CHECK (length(hash) = 32),
    scopes     BIGINT NOT NULL,                -- 1 tokens, 2 keys, 4 packagers
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX IF NOT EXISTS authenticators_by_account ON authenticators (account);

CREATE TABLE IF NOT EXISTS ring_keys (
    environment BIGINT NOT NULL CHECK (environment IN (0, 1)),
    purpose     BYTEA  NOT NULL,
    id          BIGINT NOT NULL,
    wrapped     BYTEA  NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (environment, purpose, id)
);

CREATE TABLE IF NOT EXISTS sealed_values (
    name  BYTEA NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

-- One row, written to see whether the database can be written.
CREATE TABLE IF NOT EXISTS write_check (
    id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    count BIGINT NOT NULL
);
INSERT INTO write_check (id, count) VALUES (1, 0) ON CONFLICT DO NOTHING;
