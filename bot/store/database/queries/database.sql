-- name: CountSources
SELECT count(*) FROM sources;
