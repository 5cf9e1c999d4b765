-- +goose Up

CREATE TABLE sources (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    url           TEXT    NOT NULL,
    removed       INTEGER NOT NULL DEFAULT 0, -- no longer in the config; its stories stay
    state         TEXT    NOT NULL DEFAULT 'new',
    error         TEXT    NOT NULL DEFAULT '',
    failures      INTEGER NOT NULL DEFAULT 0, -- in a row
    last_status   INTEGER NOT NULL DEFAULT 0,
    last_ok       INTEGER NOT NULL DEFAULT 0, -- all times are Unix seconds; 0 is never
    next_poll     INTEGER NOT NULL DEFAULT 0,
    not_before    INTEGER NOT NULL DEFAULT 0,
    baselined     INTEGER NOT NULL DEFAULT 0,
    etag          TEXT    NOT NULL DEFAULT '',
    last_modified TEXT    NOT NULL DEFAULT '',
    body_hash     TEXT    NOT NULL DEFAULT '',
    stories       INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The key is the time of the story: Unix seconds * 1024 + a counter within the
-- second. So newest first is the table's own order and the index's, and a span
-- of time is a span of keys.
CREATE TABLE stories (
    key       INTEGER PRIMARY KEY,
    id        TEXT    NOT NULL UNIQUE,
    source    INTEGER NOT NULL REFERENCES sources (id),
    url       TEXT    NOT NULL,
    title     TEXT    NOT NULL,
    summary   TEXT    NOT NULL,
    content   TEXT    NOT NULL,
    author    TEXT    NOT NULL,
    tags      TEXT    NOT NULL, -- JSON array
    lang      TEXT    NOT NULL,
    published INTEGER NOT NULL,
    seen      INTEGER NOT NULL,
    updated   INTEGER NOT NULL
) STRICT;

-- Who told a story, under which identity: a hash of the guid, or else of the
-- canonical URL.
CREATE TABLE sightings (
    source    INTEGER NOT NULL REFERENCES sources (id),
    identity  BLOB    NOT NULL,
    story     INTEGER NOT NULL REFERENCES stories (key) ON DELETE CASCADE,
    text_hash BLOB    NOT NULL, -- of title, summary and content as last told
    url       TEXT    NOT NULL, -- '' where it is the story's own
    published INTEGER NOT NULL,
    seen      INTEGER NOT NULL,
    PRIMARY KEY (source, identity)
) STRICT, WITHOUT ROWID;

CREATE INDEX sightings_by_story ON sightings (story);

CREATE TABLE revisions (
    story   INTEGER NOT NULL REFERENCES stories (key) ON DELETE CASCADE,
    until   INTEGER NOT NULL, -- when this text was replaced
    title   TEXT    NOT NULL,
    summary TEXT    NOT NULL,
    content TEXT    NOT NULL
) STRICT;

CREATE INDEX revisions_by_story ON revisions (story);

-- The index holds the filter language's own words, separated by spaces. The
-- ascii tokenizer leaves every character beyond ASCII alone, so a word stays
-- what the language made of it.
CREATE VIRTUAL TABLE stories_index USING fts5 (
    title, summary, content,
    content = '', contentless_delete = 1,
    tokenize = 'ascii'
);

-- +goose Down
DROP TABLE stories_index;
DROP TABLE revisions;
DROP TABLE sightings;
DROP TABLE stories;
DROP TABLE sources;
