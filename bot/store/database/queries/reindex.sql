-- name: IndexVersion
SELECT coalesce(max(version), 0) FROM index_version;

-- name: DropIndexVersion
DELETE FROM index_version;

-- name: AddIndexVersion
INSERT INTO index_version (version) VALUES ($1);

-- name: StoriesFrom
SELECT s.key, s.id, s.source, s.url, s.title, s.summary,
    s.content, s.author, s.tags, s.lang, s.published, s.seen, s.updated, s.entities
FROM stories s WHERE s.key > $1 ORDER BY s.key LIMIT $2;
