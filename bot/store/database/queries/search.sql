-- name: Story
SELECT s.key, s.id, s.source, s.url, s.title, s.summary,
    s.content, s.author, s.tags, s.lang, s.published, s.seen, s.updated, s.entities
FROM stories s WHERE s.key = $1;

-- name: SourceNames
SELECT id, name FROM sources;

-- name: Tellers
-- {among} is as in retain.sql. All of it is in an index of SQLite.
SELECT story, source FROM sightings WHERE story {among};

-- name: Sightings
-- {among} is as in retain.sql.
SELECT story, source, url, published, seen FROM sightings WHERE story {among};

-- name: CountStories
SELECT count(*) FROM stories;

-- name: OldestStory
SELECT min(key) FROM stories;
