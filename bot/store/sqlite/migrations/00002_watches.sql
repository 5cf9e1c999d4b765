-- +goose Up

CREATE TABLE watches (
    name        TEXT    NOT NULL PRIMARY KEY,
    query       TEXT    NOT NULL,
    channels    TEXT    NOT NULL, -- JSON array of names
    severity    TEXT    NOT NULL,
    mention     TEXT    NOT NULL,
    origin      TEXT    NOT NULL, -- 'config', or the user who added it
    file_entry  TEXT    NOT NULL, -- the config file's entry as last applied, JSON; '' for none
    removed     INTEGER NOT NULL DEFAULT 0,
    updated     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    who    TEXT    NOT NULL,
    action TEXT    NOT NULL, -- 'watch add', 'watch change', 'watch remove'
    name   TEXT    NOT NULL,
    before TEXT    NOT NULL, -- JSON, or '' for nothing
    after  TEXT    NOT NULL
) STRICT;

CREATE TABLE alerts (
    id       INTEGER PRIMARY KEY,
    story    INTEGER NOT NULL REFERENCES stories (key),
    channel  TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    severity TEXT    NOT NULL,
    matches  TEXT    NOT NULL, -- JSON array of {watch, terms}
    mentions TEXT    NOT NULL, -- JSON array
    created  INTEGER NOT NULL
) STRICT;

-- What nobody wants to be told twice.
CREATE UNIQUE INDEX alerts_once ON alerts (story, channel) WHERE kind = 'new';

CREATE TABLE deliveries (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT, -- the order within a target
    id       TEXT    NOT NULL UNIQUE,
    alert    INTEGER NOT NULL REFERENCES alerts (id),
    target   TEXT    NOT NULL, -- 'slack:C0123'
    state    TEXT    NOT NULL DEFAULT 'waiting', -- waiting, sending, sent, dead
    attempts INTEGER NOT NULL DEFAULT 0,
    error    TEXT    NOT NULL DEFAULT '',
    receipt  TEXT    NOT NULL DEFAULT '',
    updated  INTEGER NOT NULL
) STRICT;

CREATE INDEX deliveries_open ON deliveries (target, seq) WHERE state IN ('waiting', 'sending');
CREATE INDEX deliveries_by_alert ON deliveries (alert);

CREATE TABLE sessions (
    token   TEXT    NOT NULL PRIMARY KEY,
    data    BLOB    NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE sessions;
DROP TABLE deliveries;
DROP TABLE alerts;
DROP TABLE audit;
DROP TABLE watches;
