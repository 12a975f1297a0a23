-- When people were last told by mail that something waits for them, so that they are told seldom.
-- until: nobody else tells them before.
CREATE TABLE telling (
  user_name TEXT NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT;

-- told: when the person was told by mail that it waits, 0 if they are not to be; NULL until then.
ALTER TABLE approvals ADD COLUMN told INTEGER;
