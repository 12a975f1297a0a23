-- What people do themselves with their mail on its way.

-- back_to: while its person sends a message again, the state that it goes back to if it does not leave this time.
-- looked: when it was last looked for in Sent; is_found: whether it was there. hidden: when its person put it away.
ALTER TABLE outbox ADD COLUMN back_to TEXT;
ALTER TABLE outbox ADD COLUMN looked INTEGER;
ALTER TABLE outbox ADD COLUMN is_found INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN hidden INTEGER;
