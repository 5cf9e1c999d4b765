-- name: Sightings
-- SQLite has no arrays: what is looked for comes as JSON, bytes in hexadecimal.
SELECT g.identity, g.story, g.text_hash, s.source = g.source
FROM sightings g JOIN stories s ON s.key = g.story
WHERE g.source = $1 AND g.identity IN (SELECT unhex(value) FROM json_each($2));

-- name: StoriesByID
SELECT id, key FROM stories WHERE id IN (SELECT value FROM json_each($1));

-- name: Told
SELECT story, source FROM sightings WHERE story IN (SELECT value FROM json_each($1));

-- name: TakenKeys
SELECT key FROM stories WHERE key IN (SELECT value FROM json_each($1));

-- name: Forgotten
-- Who tells one of a source's old stories under another identity, or tells
-- what another source told, tells no news either.
SELECT source, identity, id, listed FROM forgotten
WHERE source = $1 AND identity IN (SELECT unhex(value) FROM json_each($2))
   OR id IN (SELECT value FROM json_each($3));
