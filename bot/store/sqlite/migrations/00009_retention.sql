-- +goose Up

-- What was told in stories that are not kept any more, as long as the sources
-- may tell it again: it is no news then.
CREATE TABLE forgotten (
    source   INTEGER NOT NULL REFERENCES sources (id),
    identity BLOB    NOT NULL,
    id       TEXT    NOT NULL, -- of the story
    listed   INTEGER NOT NULL, -- when the source last told it
    PRIMARY KEY (source, identity)
) STRICT, WITHOUT ROWID;

CREATE INDEX forgotten_by_id ON forgotten (id);

-- When the source last gave a list of what it has.
ALTER TABLE sources ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;

CREATE INDEX alerts_by_story ON alerts (story);

-- +goose Down
DROP INDEX alerts_by_story;
ALTER TABLE sources DROP COLUMN listed;
DROP TABLE forgotten;
