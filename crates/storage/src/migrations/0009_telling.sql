-- When people were last told by mail that something waits for them, so that they are told seldom.
-- until: nobody else tells them before. told: the newest approval that they were told of.
CREATE TABLE telling (
  user_name TEXT NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL,
  told INTEGER NOT NULL
) STRICT;
