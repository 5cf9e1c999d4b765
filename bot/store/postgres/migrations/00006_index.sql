-- +goose Up

-- Where words begins with a plus sign, what follows is in the index besides what
-- the function makes of the texts: so a story of which it does not make all words
-- need not keep all of them. '@b' to '@h' say in which span of time the story is,
-- of 2^16, 2^18, 2^20, 2^22 and 2^24 seconds. The program makes the index, once it
-- has said what all stories have in words, and notes then of which version it is.
DROP INDEX stories_words;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION story_words(key BIGINT, title TEXT, summary TEXT, content TEXT, words TEXT) RETURNS TSVECTOR
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
DECLARE
    span TEXT := ' @b' || (key >> 26) || ' @c' || (key >> 28) || ' @e' || (key >> 30) || ' @g' || (key >> 32) || ' @h' || (key >> 34);
    cut  CONSTANT TEXT := chr(1);
    t TEXT;
BEGIN
    IF words <> '' THEN
        IF left(words, 1) <> '+' THEN
            RETURN array_to_tsvector(string_to_array(words || span, ' '));
        END IF;
        span := ' ' || substr(words, 2) || span;
    END IF;
    t := title || ' ' || cut || ' ' || summary || ' ' || content || ' ';
    -- Each replacement takes a microsecond; translate takes a hundred.
    t := replace(replace(t, '''s ', ' '), U&'\2019s ', ' ');
    t := replace(replace(replace(replace(t, '.', ' '), ',', ' '), '-', ' '), '''', ' ');
    t := replace(replace(replace(replace(t, U&'\2019', ' '), U&'\2018', ' '), U&'\201c', ' '), U&'\201d', ' ');
    t := replace(replace(replace(replace(t, '"', ' '), ':', ' '), '(', ' '), ')', ' ');
    t := replace(replace(replace(replace(t, '/', ' '), U&'\2013', ' '), U&'\2014', ' '), E'\n', ' ');
    t := replace(replace(replace(replace(t, '?', ' '), ';', ' '), '&', ' '), U&'\00a0', ' ');
    t := lower(t COLLATE "C");
    RETURN array_to_tsvector(array_remove(array_remove(array_remove(string_to_array(
        t || replace(' ' || split_part(t, cut, 1), ' ', ' /') || span, ' '), ''), '/'), cut));
END
$$;
-- +goose StatementEnd

-- Of which version the index is, and the key of the last story in it: -1 where all
-- are.
CREATE TABLE index_version (
    version BIGINT NOT NULL,
    last    BIGINT NOT NULL
);

INSERT INTO index_version (version, last) VALUES (0, 0);

-- +goose Down
DROP TABLE index_version;
DROP INDEX IF EXISTS stories_words;
UPDATE stories SET words = '@' WHERE words LIKE '+%';
CREATE INDEX stories_words ON stories USING gin (story_words(key, title, summary, content, words))
    WITH (gin_pending_list_limit = 65536);
