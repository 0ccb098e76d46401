-- The key storage (key-storage.md): every value is sealed before it comes.

-- The keys that seal an account's rows, each wrapped under a storage key; with the number of rows that each seals.
CREATE TABLE IF NOT EXISTS account_keys (
    account      BIGINT NOT NULL REFERENCES accounts (id),
    id           BIGINT NOT NULL,
    storage_key  BIGINT NOT NULL,
    wrapped      BYTEA  NOT NULL,
    created_at   BIGINT NOT NULL,
    live_keys    BIGINT NOT NULL DEFAULT 0 CHECK (live_keys >= 0),
    expired_keys BIGINT NOT NULL DEFAULT 0 CHECK (expired_keys >= 0),
    PRIMARY KEY (account, id)
);

-- One row a KID.
CREATE TABLE IF NOT EXISTS content_keys (
    account     BIGINT  NOT NULL,
    kid         BYTEA   NOT NULL CHECK (length(kid) = 16),
    kind        BIGINT  NOT NULL,              -- 0 client KEK, 1 service-held
    kek_id      BYTEA,
    account_key BIGINT  NOT NULL,
    sealed      BYTEA   NOT NULL,
    version     BIGINT  NOT NULL,
    last_update BIGINT  NOT NULL,
    swept       BOOLEAN NOT NULL,              -- expired, and no longer counted
    only_one    BOOLEAN NOT NULL,              -- the only key of its content id, track and period
    expiration  BIGINT,
    period      BIGINT,
    content_id  BYTEA,
    info        BYTEA,
    scheme      BYTEA,
    track       BYTEA,
    iv          BYTEA,
    PRIMARY KEY (account, kid)
);
CREATE INDEX IF NOT EXISTS content_keys_by_content ON content_keys (account, content_id, kid)
    WHERE content_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS content_keys_by_kek ON content_keys (account, kind, kek_id, kid);
CREATE INDEX IF NOT EXISTS content_keys_by_expiration ON content_keys (swept, expiration)
    WHERE expiration IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS content_keys_by_track
    ON content_keys (account, content_id, track, (COALESCE(period, -1))) WHERE only_one;

-- A kekId names a seed by its number for ever.
CREATE SEQUENCE IF NOT EXISTS seed_ids;
CREATE TABLE IF NOT EXISTS seeds (
    id          BIGINT  NOT NULL PRIMARY KEY DEFAULT nextval('seed_ids'),
    account     BIGINT  NOT NULL REFERENCES accounts (id),
    kind        BIGINT  NOT NULL,              -- 0 native, 1 open, 2 PlayReady
    imported    BOOLEAN NOT NULL,
    account_key BIGINT  NOT NULL,
    sealed      BYTEA   NOT NULL,
    created_at  BIGINT  NOT NULL,
    retired_at  BIGINT
);
CREATE INDEX IF NOT EXISTS seeds_by_account ON seeds (account);
-- Kinds 1 and 2 answer for any KID: an account has one such seed at most.
CREATE UNIQUE INDEX IF NOT EXISTS seeds_one_open ON seeds (account) WHERE kind <> 0 AND retired_at IS NULL;

-- What a seed's keys were made for.
CREATE TABLE IF NOT EXISTS contents (
    seed       BIGINT NOT NULL REFERENCES seeds (id),
    tag        BYTEA  NOT NULL CHECK (length(tag) = 8),
    account    BIGINT NOT NULL,
    content_id BYTEA,                          -- NULL: an imported seed's, whose names nobody knows
    track      BYTEA,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (seed, tag)
);
CREATE INDEX IF NOT EXISTS contents_by_content ON contents (account, content_id);

-- Audit records of key calls, one row for all that one commit wrote.
CREATE SEQUENCE IF NOT EXISTS key_audit_ids;
CREATE TABLE IF NOT EXISTS key_audit_blocks (
    id         BIGINT NOT NULL PRIMARY KEY DEFAULT nextval('key_audit_ids'),
    first_time BIGINT NOT NULL,
    last_time  BIGINT NOT NULL,
    records    BIGINT NOT NULL,
    body       BYTEA  NOT NULL
);
CREATE INDEX IF NOT EXISTS key_audit_blocks_by_time ON key_audit_blocks (last_time);
