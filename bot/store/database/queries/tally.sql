-- name: OldestIn
SELECT min(key) FROM stories WHERE key >= $1 AND key < $2;

-- name: NewestIn
SELECT max(key) FROM stories WHERE key >= $1 AND key < $2;

-- name: EnoughIn
SELECT count(*) FROM (SELECT 1 FROM stories WHERE key >= $1 AND key < $2 LIMIT $3) AS enough;
