-- +goose Up

-- The index holds the words of a story as the filter language makes them. For
-- most stories, story_words makes the very same words of the texts, so that they
-- need not be kept a second time; where it does not, words has them, separated by
-- spaces. A word of the title is there a second time, with a slash before it. '@b',
-- '@e' and '@h' say in which span of time the story is, of 2^16, 2^20 and 2^24
-- seconds: so the newest can be asked for alone. A lone '@' stands for a story that
-- has more words than fit.
--
-- The program has the same in Go (words.go), to decide which stories need words.
ALTER TABLE stories ADD COLUMN words TEXT NOT NULL DEFAULT '';

UPDATE stories s SET words = coalesce((
    SELECT replace(array_to_string(tsvector_to_array(i.words), ' '), '/ ', '@ ') FROM stories_index i WHERE i.story = s.key), '@');

DROP TABLE stories_index;

-- +goose StatementBegin
CREATE FUNCTION story_words(key BIGINT, title TEXT, summary TEXT, content TEXT, words TEXT) RETURNS TSVECTOR
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
DECLARE
    span CONSTANT TEXT := ' @b' || (key >> 26) || ' @e' || (key >> 30) || ' @h' || (key >> 34);
    cut  CONSTANT TEXT := chr(1);
    t TEXT;
BEGIN
    IF words <> '' THEN
        RETURN array_to_tsvector(string_to_array(words || span, ' '));
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

-- What waits to be merged into the index is searched one by one. The program
-- merges it at the end of each transaction: much at once costs a fifth.
CREATE INDEX stories_words ON stories USING gin (story_words(key, title, summary, content, words))
    WITH (gin_pending_list_limit = 65536);

-- +goose Down
DROP INDEX stories_words;
DROP FUNCTION story_words;
CREATE TABLE stories_index (
    story BIGINT   PRIMARY KEY REFERENCES stories (key) ON DELETE CASCADE,
    words TSVECTOR NOT NULL
);
CREATE INDEX stories_index_words ON stories_index USING gin (words) WITH (gin_pending_list_limit = 512);
INSERT INTO stories_index SELECT key, '/'::tsvector FROM stories;
ALTER TABLE stories DROP COLUMN words;
