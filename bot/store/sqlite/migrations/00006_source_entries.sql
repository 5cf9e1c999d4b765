-- +goose Up

-- Who the source is from: 'config', or who added or changed it.
ALTER TABLE sources ADD COLUMN origin TEXT NOT NULL DEFAULT 'config';
-- The source as somebody added or changed it, JSON; '' for as it is in the config.
ALTER TABLE sources ADD COLUMN entry TEXT NOT NULL DEFAULT '';
-- A hash of the config's entry as last applied; '' for none. The entry itself
-- may hold secrets.
ALTER TABLE sources ADD COLUMN file_entry TEXT NOT NULL DEFAULT '';

-- +goose Down
DELETE FROM sources WHERE origin <> 'config' AND id NOT IN (SELECT source FROM stories) AND id NOT IN (SELECT source FROM sightings);
UPDATE sources SET removed = 1 WHERE origin <> 'config';
ALTER TABLE sources DROP COLUMN file_entry;
ALTER TABLE sources DROP COLUMN entry;
ALTER TABLE sources DROP COLUMN origin;
