-- name: Sightings
SELECT g.identity, g.story, g.text_hash, s.source = g.source
FROM sightings g JOIN stories s ON s.key = g.story
WHERE g.source = $1 AND g.identity = ANY ($2::bytea[]);

-- name: StoriesByID
SELECT id, key FROM stories WHERE id = ANY ($1::text[]);

-- name: Told
SELECT story, source FROM sightings WHERE story = ANY ($1::bigint[]);

-- name: TakenKeys
SELECT key FROM stories WHERE key = ANY ($1::bigint[]);

-- name: Forgotten
-- Who tells one of a source's old stories under another identity, or tells
-- what another source told, tells no news either.
SELECT source, identity, id, listed FROM forgotten
WHERE source = $1 AND identity = ANY ($2::bytea[]) OR id = ANY ($3::text[]);
