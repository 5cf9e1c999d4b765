-- +goose Up

-- What a target, or a platform as a whole, is known to want: replicas share it,
-- and it outlives a restart.
CREATE TABLE gates (
    name    TEXT    NOT NULL PRIMARY KEY, -- a target, 'slack:C0123', or a platform, 'slack'
    ready   INTEGER NOT NULL DEFAULT 0,   -- nothing is sent before, Unix milliseconds
    receipt TEXT    NOT NULL DEFAULT '',  -- of the last message that a target is known to have
    trouble TEXT    NOT NULL DEFAULT '',  -- '', 'parked' or 'down'; then ready is the next try
    trying  INTEGER NOT NULL DEFAULT 0,   -- until when an attempt is under way that sees whether it is over, Unix milliseconds
    reason  TEXT    NOT NULL DEFAULT '',
    since   INTEGER NOT NULL DEFAULT 0    -- Unix seconds
) STRICT;

INSERT INTO gates (name, ready)
SELECT target, 1000 * max(not_before) FROM deliveries
WHERE state IN ('waiting', 'sending') AND not_before > 0 GROUP BY target;

ALTER TABLE deliveries DROP COLUMN not_before;

-- When it was put in, or a person had it sent again, Unix seconds.
ALTER TABLE deliveries ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;

-- When attempts were made of which nobody knows what came, Unix seconds.
ALTER TABLE deliveries ADD COLUMN tried_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN tried_until INTEGER NOT NULL DEFAULT 0;

UPDATE deliveries SET queued = coalesce((SELECT created FROM alerts WHERE id = alert), updated)
WHERE state <> 'sent';
UPDATE deliveries SET tried_from = queued, tried_until = updated
WHERE attempts > 0 AND state <> 'sent';

-- +goose Down
ALTER TABLE deliveries DROP COLUMN tried_until;
ALTER TABLE deliveries DROP COLUMN tried_from;
ALTER TABLE deliveries DROP COLUMN queued;
ALTER TABLE deliveries ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;
DROP TABLE gates;
