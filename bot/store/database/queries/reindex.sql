-- name: IndexVersion
SELECT version, last FROM index_version;

-- name: SetIndexVersion
UPDATE index_version SET version = $1, last = $2;

-- name: StoriesFrom
SELECT s.key, s.id, s.source, s.url, s.title, s.summary,
    s.content, s.author, s.tags, s.lang, s.published, s.seen, s.updated, s.entities
FROM stories s WHERE s.key > $1 ORDER BY s.key LIMIT $2;

-- name: StoriesUpTo
SELECT count(*) FROM stories WHERE key <= $1;
