-- name: NextDelivery
SELECT d.seq, d.id, d.alert, d.attempts, d.state, d.updated, d.queued, d.tried_from, d.tried_until,
    coalesce(t.ready, 0), coalesce(t.trouble, ''), coalesce(t.trying, 0), coalesce(t.receipt, ''),
    coalesce(p.ready, 0), coalesce(p.trouble, ''), coalesce(p.trying, 0)
FROM deliveries d LEFT JOIN gates t ON t.name = d.target LEFT JOIN gates p ON p.name = $2
WHERE d.target = $1 AND d.state IN ('waiting', 'sending') ORDER BY d.seq LIMIT 1;

-- name: TakeDelivery
UPDATE deliveries SET state = 'sending', attempts = $1, updated = $2, tried_from = $3, tried_until = $4 WHERE seq = $5;

-- name: ReadAlert
SELECT story, notice, channel, kind, severity, matches, mentions, created FROM alerts WHERE id = $1;

-- name: DeadDeliveries
SELECT d.id FROM deliveries d JOIN alerts a ON a.id = d.alert
WHERE d.state = 'dead' AND ($1 = '' OR a.channel = $1) ORDER BY d.seq;

-- name: RetryDelivery
UPDATE deliveries SET state = 'waiting', queued = $1, updated = $1 WHERE id = $2;

-- name: TargetGates
SELECT name FROM gates WHERE name LIKE '%:%';

-- name: DropGate
DELETE FROM gates WHERE name = $1;

-- name: OpenTargets
SELECT a.channel, d.target FROM deliveries d JOIN alerts a ON a.id = d.alert
WHERE d.state IN ('waiting', 'sending') GROUP BY a.channel, d.target ORDER BY min(d.seq);

-- name: MoveDeliveries
UPDATE deliveries SET target = $1, state = $2, error = $3, updated = $4
WHERE target = $5 AND state IN ('waiting', 'sending') AND alert IN (SELECT id FROM alerts WHERE channel = $6);

-- name: DeliveryCounts
SELECT state, count(*) FROM deliveries GROUP BY state;

-- name: Deliveries
-- What waits for a target or a platform that is parked, or down, is in that state
-- for people.
SELECT id, target, channel, title, notice, state, attempts, error, updated, ready FROM (
    SELECT d.seq, d.id, d.target, a.channel, coalesce(s.title, '') AS title, a.notice, d.attempts, d.error, d.updated,
        CASE WHEN d.state <> 'waiting' THEN d.state
            WHEN coalesce(p.trouble, '') <> '' THEN p.trouble
            WHEN coalesce(t.trouble, '') <> '' THEN t.trouble
            ELSE d.state END AS state,
        CASE WHEN d.state = 'waiting' AND coalesce(p.ready, 0) >= coalesce(t.ready, 0) THEN coalesce(p.ready, 0)
            WHEN d.state = 'waiting' THEN t.ready
            ELSE 0 END AS ready
    FROM deliveries d JOIN alerts a ON a.id = d.alert LEFT JOIN stories s ON s.key = a.story
        LEFT JOIN gates t ON t.name = d.target
        LEFT JOIN gates p ON d.target LIKE p.name || ':%' AND p.name NOT LIKE '%:%'
    WHERE d.state = $1
) AS all_of_them WHERE state = $2 ORDER BY seq DESC LIMIT $3;

-- name: DropSessions
DELETE FROM sessions WHERE expires <= $1;

-- name: SaveSession
INSERT INTO sessions (token, data, expires) VALUES ($1, $2, $3)
ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires;

-- name: LoadSession
SELECT data FROM sessions WHERE token = $1 AND expires > $2;
