-- name: Newest
-- The newest moments that are in the past, as long as the clock is right.
SELECT max(at) FROM (
    SELECT max(last_ok) AS at FROM sources
    UNION ALL SELECT max(at) FROM audit
    UNION ALL SELECT (SELECT updated FROM deliveries ORDER BY seq DESC LIMIT 1)
) AS newest;

-- name: SetBackPolls
-- This and the next two bring what is put off for longer than the clock was set
-- back by. What another replica has brought already stays, unless it is to wait
-- for as long again.
UPDATE sources SET next_poll = next_poll - $1 WHERE next_poll > $2;

-- name: SetBackHolds
UPDATE sources SET hold_until = hold_until - $1 WHERE hold_until > $2;

-- name: SetBackNotBefore
UPDATE sources SET not_before = not_before - $1 WHERE not_before > $2;

-- name: SendingSetBack
-- What was being sent when the clock was set may be sent again a moment after it
-- was begun, and not a moment after that will have come again.
UPDATE deliveries SET updated = updated - $1 WHERE updated > $2 AND state = 'sending';

-- name: GatesSetBack
-- The same for what targets and platforms want.
UPDATE gates SET ready = ready - $1 WHERE ready > $2;
