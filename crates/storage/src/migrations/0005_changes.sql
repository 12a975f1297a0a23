-- What grants changed in mailboxes, where moved messages went, and changes that wait to be confirmed.
-- account: as in 0002. What tells content or folders is sealed under the account's key; a plan under its grant.

-- owner: the process that makes it. taker, taken: the process that takes it back, and when it was last at it.
CREATE TABLE changes (
  id TEXT NOT NULL PRIMARY KEY,
  grant_id TEXT NOT NULL,
  user_name TEXT NOT NULL,
  state TEXT NOT NULL,
  owner TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  taker TEXT,
  taken INTEGER
) STRICT;

CREATE INDEX changes_of_grant ON changes (grant_id);
CREATE INDEX changes_by_end ON changes (expires);

-- body: what is about to be done; once is_done, what was done.
CREATE TABLE change_steps (
  change_id TEXT NOT NULL REFERENCES changes (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  account TEXT NOT NULL,
  account_name TEXT NOT NULL,
  body BLOB NOT NULL,
  is_done INTEGER NOT NULL DEFAULT 0,
  begun INTEGER NOT NULL,
  PRIMARY KEY (change_id, seq)
) STRICT;

CREATE INDEX change_steps_of_account ON change_steps (account, is_done);

-- place: where a message was, as an HMAC. target: where it went, sealed.
CREATE TABLE moved (
  account TEXT NOT NULL,
  place BLOB NOT NULL,
  target BLOB NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (account, place)
) STRICT;

CREATE INDEX moved_by_end ON moved (expires);

-- body: NULL once it was confirmed or has expired.
CREATE TABLE plans (
  id TEXT NOT NULL PRIMARY KEY,
  grant_id TEXT NOT NULL,
  body BLOB,
  is_used INTEGER NOT NULL DEFAULT 0,
  expires INTEGER NOT NULL
) STRICT;

CREATE INDEX plans_of_grant ON plans (grant_id, expires);
CREATE INDEX plans_by_end ON plans (expires);
