-- name: SetReady
INSERT INTO gates (name, ready) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET ready = excluded.ready;

-- name: GateSent
INSERT INTO gates (name, ready, receipt) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET ready = excluded.ready, receipt = excluded.receipt;

-- name: GateTrouble
INSERT INTO gates (name, ready, trouble, reason, since) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET ready = excluded.ready, trouble = excluded.trouble, reason = excluded.reason, since = excluded.since;

-- name: Trying
UPDATE gates SET ready = $1, trying = $2 WHERE name = $3;

-- name: Tried
UPDATE gates SET trying = 0 WHERE name IN ($1, $2) AND trying > 0;

-- name: Gate
SELECT ready, trouble, reason, since FROM gates WHERE name = $1;

-- name: Conclude
UPDATE deliveries SET state = $1, error = $2, receipt = $3, updated = $4,
    tried_from = CASE WHEN $5 = 1 AND tried_from = 0 THEN updated ELSE tried_from END,
    tried_until = CASE WHEN $5 = 1 THEN $4 ELSE tried_until END
WHERE id = $6;

-- name: More
SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE target = $1 AND state IN ('waiting', 'sending') LIMIT 1) AS open;

-- name: ProbeAtOnce
UPDATE gates SET ready = 0 WHERE name IN ($1, $2) AND trouble <> '';

-- name: GiveUpWaiting
UPDATE deliveries SET state = 'dead', error = $1, updated = $2
WHERE state = 'waiting' AND queued <= $3 AND (target = $4 OR $5 = '' AND target LIKE $6);

-- name: CountWaiting
SELECT a.channel, count(*) FROM deliveries d JOIN alerts a ON a.id = d.alert
WHERE d.state IN ('waiting', 'sending') AND (d.target = $1 OR $2 = '' AND d.target LIKE $3)
GROUP BY a.channel ORDER BY a.channel;

-- name: Troubles
SELECT name, ready, trouble, reason, since FROM gates WHERE trouble <> '' ORDER BY since, name;
