-- name: Tables
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint, (SELECT count(*) FROM stories)
FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r';

-- name: Largest
SELECT bytes, stories FROM archive_size;

-- name: DropArchiveSize
DELETE FROM archive_size;

-- name: AddArchiveSize
INSERT INTO archive_size (bytes, stories) VALUES ($1, $2);
