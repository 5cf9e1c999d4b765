-- +goose Up

-- A notice is an alert of no story, but of one that is made for it and stands
-- in the alert itself. SQLite cannot take NOT NULL away from a column, so both
-- tables are made anew, with the child put aside first.
CREATE TABLE alerts_new (
    id       INTEGER PRIMARY KEY,
    story    INTEGER REFERENCES stories (key), -- NULL for a notice
    notice   TEXT    NOT NULL DEFAULT '',      -- the story of a notice, JSON
    channel  TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    severity TEXT    NOT NULL,
    matches  TEXT    NOT NULL, -- JSON array of {watch, terms}
    mentions TEXT    NOT NULL, -- JSON array
    created  INTEGER NOT NULL
) STRICT;

CREATE TABLE deliveries_new (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT, -- the order within a target
    id         TEXT    NOT NULL UNIQUE,
    alert      INTEGER NOT NULL REFERENCES alerts_new (id),
    target     TEXT    NOT NULL, -- 'slack:C0123'
    state      TEXT    NOT NULL DEFAULT 'waiting', -- waiting, sending, sent, dead
    attempts   INTEGER NOT NULL DEFAULT 0,
    error      TEXT    NOT NULL DEFAULT '',
    receipt    TEXT    NOT NULL DEFAULT '',
    updated    INTEGER NOT NULL,
    not_before INTEGER NOT NULL DEFAULT 0 -- Unix seconds; 0 is no wish
) STRICT;

INSERT INTO alerts_new (id, story, channel, kind, severity, matches, mentions, created)
SELECT id, story, channel, kind, severity, matches, mentions, created FROM alerts;

INSERT INTO deliveries_new (seq, id, alert, target, state, attempts, error, receipt, updated, not_before)
SELECT seq, id, alert, target, state, attempts, error, receipt, updated, not_before FROM deliveries;

DROP TABLE deliveries;
DROP TABLE alerts;
ALTER TABLE alerts_new RENAME TO alerts;
ALTER TABLE deliveries_new RENAME TO deliveries;

CREATE UNIQUE INDEX alerts_once ON alerts (story, channel) WHERE kind = 'new';
CREATE INDEX deliveries_open ON deliveries (target, seq) WHERE state IN ('waiting', 'sending');
CREATE INDEX deliveries_by_alert ON deliveries (alert);

-- The trouble of a source that people were told of; '' for none.
ALTER TABLE sources ADD COLUMN told TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE sources DROP COLUMN told;
DELETE FROM deliveries WHERE alert IN (SELECT id FROM alerts WHERE story IS NULL);
DELETE FROM alerts WHERE story IS NULL;
ALTER TABLE alerts DROP COLUMN notice;
