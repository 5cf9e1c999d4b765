-- name: Source
SELECT id, name, url, state, error, failures, last_status, last_ok, next_poll, not_before,
    baselined, etag, last_modified, body_hash, stories, moved_to, since, hold_until, rhythm, memory, habit, told, listed
FROM sources WHERE name = $1 AND NOT removed;

-- name: Sources
SELECT id, name, url, state, error, failures, last_status, last_ok, next_poll, not_before,
    baselined, etag, last_modified, body_hash, stories, moved_to, since, hold_until, rhythm, memory, habit, told, listed
FROM sources WHERE NOT removed ORDER BY name;

-- name: SourceID
SELECT id FROM sources WHERE name = $1;

-- name: AddSource
INSERT INTO sources (name, url, removed, origin) VALUES ($1, '', TRUE, 'import') RETURNING id;

-- name: CountMore
UPDATE sources SET stories = stories + $1 WHERE id = $2;
