-- name: IndexStory
INSERT INTO stories_index (rowid, body, title) VALUES (?, ?, ?);

-- name: ReindexStory
-- A replacement looks for the old entry, which costs as much as the new one.
INSERT OR REPLACE INTO stories_index (rowid, body, title) VALUES (?, ?, ?);

-- name: All
SELECT s.key, s.id, s.source, s.url, s.title, s.summary,
    s.content, s.author, s.tags, s.lang, s.published, s.seen, s.updated, s.entities
FROM stories s WHERE s.key >= ? AND s.key < ? ORDER BY s.key DESC LIMIT ?;

-- name: Find
-- A cross join keeps its order.
SELECT s.key, s.id, s.source, s.url, s.title, s.summary,
    s.content, s.author, s.tags, s.lang, s.published, s.seen, s.updated, s.entities
FROM stories_index i CROSS JOIN stories s ON s.key = i.rowid
WHERE stories_index MATCH ? AND i.rowid >= ? AND i.rowid < ? ORDER BY i.rowid DESC;

-- name: AllDays
SELECT (s.key >> 10) / 86400 AS day, count(*) FROM stories s WHERE s.key >= ? AND s.key < ? GROUP BY day;

-- name: Days
SELECT (i.rowid >> 10) / 86400 AS day, count(*) FROM stories_index i
WHERE stories_index MATCH ? AND i.rowid >= ? AND i.rowid < ? GROUP BY day;

-- name: AmongKeys
-- What a condition has after the column. SQLite has no arrays.
IN (SELECT value FROM json_each($1));

-- name: IsKey
-- The same for one key.
= $1;

-- name: ClearIndex
-- https://sqlite.org/fts5.html#the_delete_all_command
INSERT INTO stories_index (stories_index) VALUES ('delete-all');
