-- What is owed once a message has left besides its copy: the end of its draft, the flag of the message that
-- it answers. follow_next: when to see to it; NULL if nothing is owed (any more).
ALTER TABLE outbox ADD COLUMN follow_next INTEGER;
ALTER TABLE outbox ADD COLUMN follow_tries INTEGER NOT NULL DEFAULT 0;
