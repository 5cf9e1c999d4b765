-- +goose Up
ALTER TABLE sources ADD COLUMN moved_to TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN hold_until INTEGER NOT NULL DEFAULT 0;
-- What the feed says of how often to come, as JSON.
ALTER TABLE sources ADD COLUMN rhythm TEXT NOT NULL DEFAULT '';
-- What the kind of source keeps from one answer to the next.
ALTER TABLE sources ADD COLUMN memory TEXT NOT NULL DEFAULT '';
-- How often the source has something new, as JSON.
ALTER TABLE sources ADD COLUMN habit TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE sources DROP COLUMN habit;
ALTER TABLE sources DROP COLUMN memory;
ALTER TABLE sources DROP COLUMN rhythm;
ALTER TABLE sources DROP COLUMN hold_until;
ALTER TABLE sources DROP COLUMN since;
ALTER TABLE sources DROP COLUMN moved_to;
