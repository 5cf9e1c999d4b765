-- name: Watches
SELECT name, query, channels, severity, mention, origin FROM watches WHERE NOT removed ORDER BY name;

-- name: RemoveWatch
UPDATE watches SET removed = TRUE, updated = $1 WHERE name = $2;

-- name: WatchesWith
SELECT name, query, channels, severity, mention, origin, removed, file_entry FROM watches ORDER BY name;

-- name: ConfigWatches
SELECT name, query, channels, severity, mention, origin, removed FROM watches WHERE origin = 'config';

-- name: DropWatch
DELETE FROM watches WHERE name = $1;

-- name: Watch
SELECT name, query, channels, severity, mention, origin, removed, file_entry FROM watches WHERE name = $1;

-- name: PutWatch
INSERT INTO watches (name, query, channels, severity, mention, origin, file_entry, updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) DO UPDATE SET query = excluded.query, channels = excluded.channels, severity = excluded.severity,
    mention = excluded.mention, origin = excluded.origin, removed = FALSE, updated = excluded.updated,
    file_entry = CASE WHEN excluded.file_entry = '' THEN watches.file_entry ELSE excluded.file_entry END;

-- name: Audit
INSERT INTO audit (at, who, action, name, before, after) VALUES ($1, $2, $3, $4, $5, $6);
