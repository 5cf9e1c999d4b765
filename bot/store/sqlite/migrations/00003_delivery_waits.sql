-- +goose Up

-- Until when the platform wants to be left alone, Unix seconds; 0 is no wish.
ALTER TABLE deliveries ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE deliveries DROP COLUMN not_before;
