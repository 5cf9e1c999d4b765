-- name: Size
SELECT (p.page_count - f.freelist_count) * s.page_size FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s;

-- name: Free
SELECT p.page_count, f.freelist_count, a.auto_vacuum FROM pragma_page_count p, pragma_freelist_count f, pragma_auto_vacuum a;

-- name: Merge
INSERT INTO stories_index (stories_index, rank) VALUES ('merge', 64);

-- name: Unindex
DELETE FROM stories_index WHERE rowid = ?;

-- name: TotalChanges
SELECT total_changes();
