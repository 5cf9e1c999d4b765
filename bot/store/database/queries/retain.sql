-- {among} is the end of the condition that a column is among keys, which each
-- database has in its own way (AmongKeys); the keys are $1.

-- name: Oldest
-- A delivery is still to be sent, or may be, whatever states there are, unless it
-- was sent, or given up long ago: before $1.
SELECT s.key FROM stories s
WHERE s.key >= $2 AND s.key < $3
  AND NOT EXISTS (SELECT 1 FROM alerts a JOIN deliveries d ON d.alert = a.id WHERE a.story = s.key
    AND (d.state <> 'sent' AND (d.state <> 'dead' OR d.updated > $1)))
ORDER BY s.key LIMIT $4;

-- name: OldNotices
-- A delivery is still to be sent as in Oldest.
SELECT a.id FROM alerts a
WHERE a.story IS NULL AND a.created < $2 AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.alert = a.id
    AND (d.state <> 'sent' AND (d.state <> 'dead' OR d.updated > $1)))
ORDER BY a.id LIMIT $3;

-- name: Forget
INSERT INTO forgotten (source, identity, id, listed) VALUES ($1, $2, $3, $4)
ON CONFLICT (source, identity) DO UPDATE SET listed = excluded.listed;

-- name: Remember
-- A source that is not in force starts over with a baseline.
DELETE FROM forgotten WHERE EXISTS (
    SELECT 1 FROM sources s WHERE s.id = forgotten.source
       AND (forgotten.listed < s.listed - $1 OR s.removed AND forgotten.listed < $2));

-- name: KeyAt
SELECT key FROM stories ORDER BY key LIMIT 1 OFFSET $1;

-- name: ForgetStories
INSERT INTO forgotten (source, identity, id, listed)
SELECT g.source, g.identity, s.id, CAST($2 AS BIGINT) FROM sightings g JOIN stories s ON s.key = g.story
WHERE g.story {among} ON CONFLICT (source, identity) DO UPDATE SET id = excluded.id, listed = excluded.listed;

-- name: DeleteDeliveriesOf
DELETE FROM deliveries WHERE alert IN (SELECT id FROM alerts WHERE story {among});

-- name: DeleteAlertsOf
DELETE FROM alerts WHERE story {among};

-- name: DeleteRevisionsOf
DELETE FROM revisions WHERE story {among};

-- name: DeleteSightingsOf
DELETE FROM sightings WHERE story {among};

-- name: DeleteStories
DELETE FROM stories WHERE key {among};

-- name: CountTold
SELECT source, count(*) FROM sightings WHERE story {among} GROUP BY source;

-- name: DeleteDeliveries
DELETE FROM deliveries WHERE alert = $1;

-- name: DeleteAlert
DELETE FROM alerts WHERE id = $1;

-- name: AnyForgotten
SELECT EXISTS (SELECT 1 FROM forgotten);
