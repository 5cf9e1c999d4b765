-- name: Revisions
SELECT r.until, r.title, r.summary, r.content FROM revisions r JOIN stories s ON s.key = r.story
WHERE s.id = $1 ORDER BY r.rowid DESC;
