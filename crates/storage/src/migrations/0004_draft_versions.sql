-- Which draft a message was, and which version of it: hashes by the grant, as of its key. version_hash: NULL
-- once that version may be sent anew.
ALTER TABLE outbox ADD COLUMN draft_hash BLOB;
ALTER TABLE outbox ADD COLUMN version_hash BLOB;

CREATE INDEX outbox_of_draft ON outbox (grant_id, draft_hash);
CREATE UNIQUE INDEX outbox_of_version ON outbox (grant_id, version_hash);
