-- name: Known
SELECT g.story, g.text_hash, s.source = g.source
FROM sightings g JOIN stories s ON s.key = g.story
WHERE g.source = $1 AND g.identity = $2;

-- name: KeyByID
SELECT key FROM stories WHERE id = $1;

-- name: AddRevision
INSERT INTO revisions (story, until, title, summary, content)
SELECT key, CAST($1 AS BIGINT), title, summary, content FROM stories WHERE key = $2;

-- name: DropRevisions
-- A page that changes with every visit (a counter, a "3 minutes ago") would
-- fill the disk.
DELETE FROM revisions WHERE story = $1 AND rowid <= (
    SELECT rowid FROM revisions WHERE story = $1 ORDER BY rowid DESC LIMIT 1 OFFSET $2);

-- name: EditStory
UPDATE stories SET title = $1, summary = $2, content = $3, updated = $4, entities = $5 WHERE key = $6;

-- name: SaveVisit
UPDATE sources SET state = $1, error = $2, failures = $3, last_status = $4, last_ok = $5, next_poll = $6, not_before = $7,
    baselined = $8, etag = $9, last_modified = $10, body_hash = $11, stories = $12,
    moved_to = $13, since = $14, hold_until = $15, rhythm = $16, memory = $17, habit = $18, told = $19, listed = $20
WHERE id = $21;

-- name: AddAlert
INSERT INTO alerts (story, notice, channel, kind, severity, matches, mentions, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING RETURNING id;

-- name: AddDelivery
INSERT INTO deliveries (id, alert, target, updated, queued) VALUES ($1, $2, $3, $4, $4);

-- name: Tells
SELECT EXISTS (SELECT 1 FROM sightings WHERE story = $1 AND source = $2);

-- name: RecentTitles
SELECT title, key FROM stories WHERE key IN (SELECT story FROM sightings WHERE source = $1) ORDER BY key DESC LIMIT $2;
