-- What the person is shown of each call: its agent's name then, the size of its answer, what takes it back.

-- form: what the row's hash covers; 1: rows of before this step, 2: the columns below too.
-- octets: of the answer. undo: the handle of the change that the row made, or took back; '' if there is none.
ALTER TABLE audit ADD COLUMN form INTEGER NOT NULL DEFAULT 1;
ALTER TABLE audit ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN octets INTEGER;
ALTER TABLE audit ADD COLUMN undo TEXT NOT NULL DEFAULT '';

-- Where a chain begins: the number and hash of the last row that was deleted; 0 and NULL if none was.
ALTER TABLE audit_chains ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit_chains ADD COLUMN first_hash BLOB;
-- How far the check that is under way has come. checked: when the last one ended; checked_seq: at which row;
-- broken_seq: the row that was not as it was written, 0 if all were.
ALTER TABLE audit_chains ADD COLUMN check_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit_chains ADD COLUMN check_hash BLOB;
ALTER TABLE audit_chains ADD COLUMN checked INTEGER;
ALTER TABLE audit_chains ADD COLUMN checked_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit_chains ADD COLUMN broken_seq INTEGER NOT NULL DEFAULT 0;

CREATE INDEX audit_of_grant ON audit (user_name, grant_id, seq);
CREATE INDEX audit_of_tool ON audit (user_name, tool, seq);
CREATE INDEX audit_by_time ON audit (user_name, at);
CREATE INDEX audit_of_undo ON audit (user_name, undo) WHERE undo <> '';
