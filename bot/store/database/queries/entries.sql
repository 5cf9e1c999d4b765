-- name: SourceEntries
SELECT name, origin, entry FROM sources WHERE NOT removed ORDER BY name;

-- name: SourceEntriesWith
SELECT name, origin, entry, removed, file_entry FROM sources ORDER BY name;

-- name: FileSources
SELECT name FROM sources WHERE file_entry <> '' OR origin = 'config' AND NOT removed;

-- name: LeaveFile
UPDATE sources SET file_entry = '', removed = CASE WHEN origin = 'config' THEN TRUE ELSE removed END WHERE name = $1;

-- name: FileEntries
SELECT name, file_entry FROM sources WHERE file_entry <> '';

-- name: RemoveSource
UPDATE sources SET removed = TRUE, entry = '', origin = $1 WHERE name = $2;

-- name: SourceEntry
SELECT url, entry, removed FROM sources WHERE name = $1;

-- name: Changes
SELECT coalesce(max(id), 0) FROM audit;

-- name: PutSource
-- An empty file entry leaves the last one as it was. A server's wish to be left
-- alone belongs to the address and stays with it; an address that the source moved
-- to is no new one.
INSERT INTO sources (name, url, origin, entry, file_entry) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET removed = FALSE, url = excluded.url, origin = excluded.origin, entry = excluded.entry,
    file_entry    = CASE WHEN excluded.file_entry = '' THEN sources.file_entry ELSE excluded.file_entry END,
    not_before    = CASE WHEN sources.url = excluded.url OR sources.moved_to = excluded.url THEN sources.not_before ELSE 0 END,
    hold_until    = CASE WHEN sources.url = excluded.url OR sources.moved_to = excluded.url THEN sources.hold_until ELSE 0 END,
    moved_to      = CASE WHEN sources.url = excluded.url AND NOT sources.removed THEN sources.moved_to ELSE '' END,
    state         = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.state ELSE 'new' END,
    since         = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.since ELSE 0 END,
    error         = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.error ELSE '' END,
    failures      = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.failures ELSE 0 END,
    baselined     = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.baselined ELSE 0 END,
    etag          = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.etag ELSE '' END,
    last_modified = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.last_modified ELSE '' END,
    body_hash     = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.body_hash ELSE '' END,
    rhythm        = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.rhythm ELSE '' END,
    memory        = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.memory ELSE '' END,
    habit         = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.habit ELSE '' END,
    told          = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.told ELSE '' END,
    next_poll     = CASE WHEN (sources.url = excluded.url OR sources.moved_to = excluded.url) AND NOT sources.removed THEN sources.next_poll ELSE 0 END;
