-- How many messages of a grant left in an hour. They stand in a row of no tool: what has left may have been asked for
-- long before, and is still counted when the outbox has forgotten it.
ALTER TABLE calls ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;

INSERT INTO calls (grant_id, hour, tool, ok, other, sent)
  SELECT grant_id, begun / 3600000, '', 0, 0, count(*) FROM outbox
  WHERE state IN ('sent', 'partly_sent') AND begun IS NOT NULL GROUP BY grant_id, begun / 3600000;
