-- name: ServerVersion
SELECT current_setting('server_version_num')::int;

-- name: WriteLock
-- The locks of a schema end with the transaction. 7442687 says that they are
-- ours.
SELECT pg_advisory_xact_lock(7442687, hashtext('write ' || current_schema()));

-- name: SetUpLock
SELECT pg_advisory_xact_lock(7442687, hashtext('set up ' || current_schema()));

-- name: SchemaVersion
SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied;
