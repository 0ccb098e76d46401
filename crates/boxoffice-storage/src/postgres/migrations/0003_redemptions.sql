-- Records of redemptions, and what redemptions are counted by (token-api.md, sections 9 to 11).

-- A number is never given twice. Numbers are drawn before the commit, so they become visible in another order:
-- stored_at, by the database's clock, tells how long a gap below a row has been open (see records.rs).
CREATE SEQUENCE IF NOT EXISTS record_ids;
CREATE TABLE IF NOT EXISTS records (
    id          BIGINT  NOT NULL PRIMARY KEY DEFAULT nextval('record_ids'),
    time        BIGINT  NOT NULL,
    environment BIGINT  NOT NULL,
    account     BIGINT,                        -- NULL: the operator's
    drm         BIGINT  NOT NULL,              -- 0 Widevine, 1 PlayReady, 2 FairPlay, 3 Clear Key
    kind        BIGINT  NOT NULL,              -- 0 licence, 1 renewal, 2 release
    granted     BOOLEAN NOT NULL,
    code        BIGINT  NOT NULL,              -- 0: none
    attempts    BIGINT  NOT NULL,
    kids        BYTEA   NOT NULL,              -- 16 bytes each
    token_id    BYTEA,
    address     BYTEA,                         -- 4 or 16 bytes
    cookie      BYTEA,
    device_id   BYTEA,
    device      BYTEA,
    request_id  BYTEA   NOT NULL,
    detail      BYTEA,
    stored_at   TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS records_by_account ON records (account, time, id);
CREATE INDEX IF NOT EXISTS records_by_time ON records (time, id);
CREATE INDEX IF NOT EXISTS records_by_cookie ON records (account, cookie, time, id) WHERE cookie IS NOT NULL;

-- The greatest number that was deleted: what is missing up to it is not on its way.
CREATE TABLE IF NOT EXISTS deleted_records (
    id     BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    up_to  BIGINT NOT NULL
);
INSERT INTO deleted_records (id, up_to) VALUES (1, 0) ON CONFLICT DO NOTHING;

-- One-time tokens that were redeemed; kid is empty where the whole token is used up at once.
CREATE TABLE IF NOT EXISTS used_tokens (
    token_id BYTEA  NOT NULL,
    kid      BYTEA  NOT NULL,
    expires  BIGINT NOT NULL,
    PRIMARY KEY (token_id, kid)
);
CREATE INDEX IF NOT EXISTS used_tokens_by_expiry ON used_tokens (expires);

-- What viewers play.
CREATE TABLE IF NOT EXISTS streams (
    account      BIGINT NOT NULL,
    user_id      BYTEA  NOT NULL,
    session      BYTEA  NOT NULL,
    started_at   BIGINT NOT NULL,
    active_until BIGINT NOT NULL,
    PRIMARY KEY (account, user_id, session)
);
CREATE INDEX IF NOT EXISTS streams_by_end ON streams (active_until);

CREATE TABLE IF NOT EXISTS released_sessions (
    session BYTEA  NOT NULL PRIMARY KEY,
    expires BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS released_sessions_by_expiry ON released_sessions (expires);

-- Answers that are given again to whoever asks again with the same key.
CREATE TABLE IF NOT EXISTS remembered_answers (
    environment BIGINT NOT NULL,
    key         BYTEA  NOT NULL,
    body_hash   BYTEA  NOT NULL CHECK (length(body_hash) = 32),
    sealed      BYTEA  NOT NULL,
    expires     BIGINT NOT NULL,
    PRIMARY KEY (environment, key)
);
CREATE INDEX IF NOT EXISTS remembered_answers_by_expiry ON remembered_answers (expires);
