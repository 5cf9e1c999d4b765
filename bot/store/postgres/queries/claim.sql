-- name: Claim
UPDATE sources SET next_poll = $1 WHERE name = ANY($2) AND next_poll <= $3 AND state <> 'gone' RETURNING name;
