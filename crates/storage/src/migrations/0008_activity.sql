-- What the person is shown of each call: its agent's name then, the size of its answer, what takes it back.

-- form: what the row's hash covers; 1: rows of before this step, 2: the columns below too.
-- octets: of the answer. undo: the handle that takes it back, '' if there is none.
ALTER TABLE audit ADD COLUMN form INTEGER NOT NULL DEFAULT 1;
ALTER TABLE audit ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN octets INTEGER;
ALTER TABLE audit ADD COLUMN undo TEXT NOT NULL DEFAULT '';

-- Where a chain begins: the number and hash of the last row that was deleted; 0 and NULL if none was.
ALTER TABLE audit_chains ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit_chains ADD COLUMN first_hash BLOB;

CREATE INDEX audit_of_grant ON audit (user_name, grant_id, seq);
CREATE INDEX audit_of_tool ON audit (user_name, tool, seq);
