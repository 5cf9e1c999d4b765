-- name: Channel
-- Processes that share a schema tell each other of changes on the channel of
-- that name. What they say is who speaks, and the change.
SELECT left('tipoff.' || current_schema(), 63);

-- name: Tell
SELECT pg_notify(left('tipoff.' || current_schema(), 63), $1);
