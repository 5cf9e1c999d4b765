-- +goose Up

CREATE TABLE forgotten (
    source   BIGINT NOT NULL REFERENCES sources (id),
    identity BYTEA  NOT NULL,
    id       TEXT   NOT NULL,
    listed   BIGINT NOT NULL,
    PRIMARY KEY (source, identity)
);

CREATE INDEX forgotten_by_id ON forgotten (id);

ALTER TABLE sources ADD COLUMN listed BIGINT NOT NULL DEFAULT 0;

CREATE INDEX alerts_by_story ON alerts (story);

-- How big the tables were when they were last full, and with how many stories.
-- What is deleted leaves room for what comes, and no smaller tables.
CREATE TABLE archive_size (
    bytes   BIGINT NOT NULL,
    stories BIGINT NOT NULL
);

-- +goose Down
DROP TABLE archive_size;
DROP INDEX alerts_by_story;
ALTER TABLE sources DROP COLUMN listed;
DROP TABLE forgotten;
