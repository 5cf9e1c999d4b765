-- +goose Up

-- The index has the body, of which a story has the most words, before the title:
-- a word of the first column takes two bytes less. The program fills it, and says
-- then of which version its words are.
DROP TABLE stories_index;

CREATE VIRTUAL TABLE stories_index USING fts5 (
    body, title,
    content = '', contentless_delete = 1,
    tokenize = 'ascii'
);

-- What the program merges now and then: two segments are enough for that. A word
-- is looked for in each of them.
INSERT INTO stories_index (stories_index, rank) VALUES ('usermerge', 2);

-- Of which version the index is, and the key of the last story in it: -1 where all
-- are.
CREATE TABLE index_version (
    version INTEGER NOT NULL,
    last    INTEGER NOT NULL
) STRICT;

INSERT INTO index_version (version, last) VALUES (0, 0);

-- +goose Down
DROP TABLE index_version;
DROP TABLE stories_index;

CREATE VIRTUAL TABLE stories_index USING fts5 (
    title, summary, content,
    content = '', contentless_delete = 1,
    tokenize = 'ascii'
);
