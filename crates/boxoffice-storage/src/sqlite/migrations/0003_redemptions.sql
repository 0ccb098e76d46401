-- Records of redemptions, and what redemptions are counted by (token-api.md, sections 9 to 11).

-- AUTOINCREMENT: an event's number is never given twice, and grows in the order of commits.
CREATE TABLE records (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    time        INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    account     INTEGER,                    -- NULL: the operator's
    drm         INTEGER NOT NULL,           -- 0 Widevine, 1 PlayReady, 2 FairPlay, 3 Clear Key
    kind        INTEGER NOT NULL,           -- 0 licence, 1 renewal, 2 release
    granted     INTEGER NOT NULL,
    code        INTEGER NOT NULL,           -- 0: none
    attempts    INTEGER NOT NULL,
    kids        BLOB    NOT NULL,           -- 16 bytes each
    token_id    BLOB,
    address     BLOB,                       -- 4 or 16 bytes
    cookie      TEXT,
    device_id   TEXT,
    device      TEXT,
    request_id  TEXT    NOT NULL,
    detail      TEXT
) STRICT;
CREATE INDEX records_by_account ON records (account, time);
CREATE INDEX records_by_time ON records (time);
CREATE INDEX records_by_cookie ON records (account, cookie, time) WHERE cookie IS NOT NULL;

-- One-time tokens that were redeemed; kid is empty where the whole token is used up at once.
CREATE TABLE used_tokens (
    token_id BLOB    NOT NULL,
    kid      BLOB    NOT NULL,
    expires  INTEGER NOT NULL,
    PRIMARY KEY (token_id, kid)
) STRICT, WITHOUT ROWID;
CREATE INDEX used_tokens_by_expiry ON used_tokens (expires);

-- What viewers play.
CREATE TABLE streams (
    account      INTEGER NOT NULL,
    user_id      TEXT    NOT NULL,
    session      BLOB    NOT NULL,
    started_at   INTEGER NOT NULL,
    active_until INTEGER NOT NULL,
    PRIMARY KEY (account, user_id, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX streams_by_end ON streams (active_until);

CREATE TABLE released_sessions (
    session BLOB    NOT NULL PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX released_sessions_by_expiry ON released_sessions (expires);

-- Answers that are given again to whoever asks again with the same key.
CREATE TABLE remembered_answers (
    environment INTEGER NOT NULL,
    key         TEXT    NOT NULL,
    body_hash   BLOB    NOT NULL CHECK (length(body_hash) = 32),
    sealed      BLOB    NOT NULL,
    expires     INTEGER NOT NULL,
    PRIMARY KEY (environment, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX remembered_answers_by_expiry ON remembered_answers (expires);
