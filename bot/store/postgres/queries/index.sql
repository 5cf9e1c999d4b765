-- name: AlertIDs
SELECT nextval(pg_get_serial_sequence('alerts', 'id')) FROM generate_series(1, $1);

-- name: EditWords
UPDATE stories SET words = $1 WHERE key = $2;

-- name: MergeIndex
SELECT gin_clean_pending_list('stories_words');

-- name: Find
-- Found in a materialised part: so the planner takes the index of words. It must
-- not take that of the keys besides, which would read all of a span: marks of the
-- index bound that already, hence the sum.
WITH found AS MATERIALIZED (
    SELECT key FROM stories WHERE story_words(key, title, summary, content, words) @@ $1::tsquery AND key + 0 >= $2 AND key + 0 < $3)
SELECT key FROM found ORDER BY key DESC;

-- name: FindStories
WITH found AS MATERIALIZED (
    SELECT s.key, s.id, s.source, s.url, s.title, s.summary,
        s.content, s.author, s.tags, s.lang, s.published, s.seen, s.updated, s.entities
    FROM stories s WHERE story_words(key, title, summary, content, words) @@ $1::tsquery AND key + 0 >= $2 AND key + 0 < $3)
SELECT * FROM found ORDER BY key DESC LIMIT $4;

-- name: All
SELECT s.key, s.id, s.source, s.url, s.title, s.summary,
    s.content, s.author, s.tags, s.lang, s.published, s.seen, s.updated, s.entities
FROM stories s WHERE s.key >= $1 AND s.key < $2 ORDER BY s.key DESC LIMIT $3;

-- name: Ends
(SELECT key FROM stories WHERE key >= $1 AND key < $2 ORDER BY key DESC LIMIT 1)
UNION ALL
(SELECT key FROM stories WHERE key >= $1 AND key < $2 ORDER BY key LIMIT 1);

-- name: Days
WITH found AS MATERIALIZED (
    SELECT key FROM stories WHERE story_words(key, title, summary, content, words) @@ $1::tsquery AND key + 0 >= $2 AND key + 0 < $3)
SELECT (key >> 10) / 86400 AS day, count(*) FROM found GROUP BY day;

-- name: AllDays
SELECT (key >> 10) / 86400 AS day, count(*) FROM stories WHERE key >= $1 AND key < $2 GROUP BY day;

-- name: Stories
SELECT s.key, s.id, s.source, s.url, s.title, s.summary,
    s.content, s.author, s.tags, s.lang, s.published, s.seen, s.updated, s.entities
FROM stories s WHERE s.key = ANY ($1::bigint[]) ORDER BY s.key DESC;

-- name: AmongKeys
-- What a condition has after the column.
= ANY ($1::bigint[]);

-- name: DropIndex
DROP INDEX IF EXISTS stories_words;

-- name: SetWords
UPDATE stories s SET words = n.words FROM unnest($1::bigint[], $2::text[]) AS n (key, words)
WHERE s.key = n.key AND s.words <> n.words;

-- name: MakeIndex
-- What waits to be merged into the index is searched one by one. The program
-- merges it at the end of each transaction: much at once costs a fifth.
CREATE INDEX stories_words ON stories USING gin (story_words(key, title, summary, content, words))
    WITH (gin_pending_list_limit = 65536);
