-- name: DropPolls
DELETE FROM river_job WHERE kind = 'poll' OR state IN ('completed', 'cancelled', 'discarded');

-- name: ReleaseJobs
UPDATE river_job SET state = 'available', scheduled_at = datetime('now') WHERE state IN ('running', 'retryable', 'scheduled', 'available');

-- name: DropLeader
DELETE FROM river_leader;

-- name: Busy
SELECT count(*) FROM river_job
WHERE kind = 'deliver' AND (state IN ('available', 'running', 'pending')
   OR state IN ('scheduled', 'retryable') AND datetime(scheduled_at) <= datetime('now', ?));

-- name: BusyOnServer
SELECT count(*) FROM river_job
WHERE kind = 'deliver' AND (state IN ('available', 'running', 'pending')
   OR state IN ('scheduled', 'retryable') AND scheduled_at <= now() + make_interval(secs => $1));

-- name: Ours
SELECT id FROM river_job WHERE state = 'running' AND kind IN ('poll', 'deliver');

-- name: OursOnServer
SELECT id FROM river_job
WHERE state = 'running' AND kind IN ('poll', 'deliver') AND attempted_by[array_upper(attempted_by, 1)] = $1;

-- name: GiveUp
-- A poll is not made up for: its sources are due again by their schedules.
DELETE FROM river_job WHERE id = $1 AND state = 'running' AND kind = 'poll';

-- name: Again
UPDATE river_job SET state = 'available', scheduled_at = datetime('now') WHERE id = $1 AND state = 'running';

-- name: AgainOnServer
UPDATE river_job SET state = 'available', scheduled_at = now() WHERE id = $1 AND state = 'running';

-- name: ClockSet
UPDATE river_job SET state = 'available', scheduled_at = $1
WHERE kind = 'deliver' AND state IN ('available', 'scheduled', 'retryable') AND scheduled_at > $1;

-- name: TryLock
-- The locks of a schema are of the class 7442688, and their number is the hash
-- of what they stand for. Session locks last as long as the connection.
SELECT pg_try_advisory_lock(7442688, hashtext($1 || current_schema()));

-- name: Unlock
SELECT pg_advisory_unlock(7442688, hashtext($1 || current_schema()));

-- name: Orphans
-- River keeps who took a job, the last one at the end.
SELECT j.id FROM river_job j
WHERE j.state = 'running' AND NOT EXISTS (
    SELECT 1 FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 7442688 AND l.objsubid = 2
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.objid::bigint = hashtext('replica ' || j.attempted_by[array_upper(j.attempted_by, 1)] || current_schema())::bigint & 4294967295);

-- name: Free
UPDATE river_job SET state = 'available', scheduled_at = now()
WHERE id = $1 AND state = 'running' AND attempted_at < now() - make_interval(secs => $2);

-- name: Depose
-- An engine that was killed would stay the leader for as long as its term. The
-- others hear of it as if it had resigned, and elect another one at once.
WITH gone AS (
    DELETE FROM river_leader WHERE NOT EXISTS (
        SELECT 1 FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 7442688 AND l.objsubid = 2
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.objid::bigint = hashtext('replica ' || leader_id || current_schema())::bigint & 4294967295)
    RETURNING leader_id
)
SELECT pg_notify(current_schema() || '.river_leadership', json_build_object('leader_id', leader_id, 'action', 'resigned')::text)
FROM gone;

-- name: UnlockAll
SELECT pg_advisory_unlock_all();
