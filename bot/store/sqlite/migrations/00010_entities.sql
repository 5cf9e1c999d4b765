-- +goose Up

-- What the story came with, JSON; '' for nothing.
ALTER TABLE stories ADD COLUMN entities TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE stories DROP COLUMN entities;
