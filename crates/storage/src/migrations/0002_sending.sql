-- Mail on its way out, what people are asked about it, and what is remembered for both.
-- account: `acc_…`, or `carried:` and a fingerprint. What tells content or addresses is sealed under the
-- account's own key, that of a carried account under the master key; a hash of it is an HMAC.
-- grant_id without a reference: carried grants have no row.

-- key_hash: of the key that a grant named its sending by; NULL once it names another. frozen: envelope,
-- key and content's hash. due: not to leave before. pieces: how many there are in outbox_pieces.
-- owner: the process that is sending it. begun: when it last began to. copy_…: of the copy in Sent.
CREATE TABLE outbox (
  id TEXT NOT NULL PRIMARY KEY,
  grant_id TEXT NOT NULL,
  user_name TEXT NOT NULL,
  client TEXT NOT NULL DEFAULT '',
  account TEXT NOT NULL,
  account_name TEXT NOT NULL,
  key_hash BLOB,
  key_until INTEGER,
  frozen BLOB NOT NULL,
  size INTEGER NOT NULL DEFAULT 0,
  pieces INTEGER NOT NULL DEFAULT 0,
  recipients INTEGER NOT NULL DEFAULT 0,
  new_recipients INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL,
  due INTEGER NOT NULL,
  approval_id TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  owner TEXT,
  lease_until INTEGER,
  begun INTEGER,
  outcome BLOB,
  copy_state TEXT NOT NULL DEFAULT 'none',
  copy_id BLOB,
  copy_tries INTEGER NOT NULL DEFAULT 0,
  copy_next INTEGER,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  UNIQUE (grant_id, key_hash)
) STRICT;

CREATE INDEX outbox_by_state ON outbox (state, due);
CREATE INDEX outbox_of_grant ON outbox (grant_id, created);
CREATE INDEX outbox_of_account ON outbox (account);
CREATE INDEX outbox_of_user ON outbox (user_name, created);

-- The stored form in pieces, each sealed on its own.
CREATE TABLE outbox_pieces (
  outbox_id TEXT NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (outbox_id, seq)
) STRICT;

-- What a person is asked about one frozen message. reasons: sealed.
CREATE TABLE approvals (
  id TEXT NOT NULL PRIMARY KEY,
  outbox_id TEXT NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
  reasons BLOB NOT NULL,
  state TEXT NOT NULL,
  expires INTEGER NOT NULL,
  decided INTEGER,
  decided_by TEXT,
  created INTEGER NOT NULL
) STRICT;

CREATE INDEX approvals_of_outbox ON approvals (outbox_id);
CREATE INDEX approvals_by_state ON approvals (state, expires);

-- Addresses that the person approved mail to.
CREATE TABLE known_recipients (
  account TEXT NOT NULL,
  address BLOB NOT NULL,
  added INTEGER NOT NULL,
  PRIMARY KEY (account, address)
) STRICT;

-- Until when a grant counts as having read mail of an account, and until when mail of strangers.
CREATE TABLE exposures (
  grant_id TEXT NOT NULL,
  account TEXT NOT NULL,
  until INTEGER NOT NULL,
  stranger_until INTEGER,
  PRIMARY KEY (grant_id, account)
) STRICT;

-- Files that were handed over to be attached. about: name, type and SHA-256, sealed; NULL until the file
-- is whole.
CREATE TABLE uploads (
  id TEXT NOT NULL PRIMARY KEY,
  grant_id TEXT NOT NULL,
  about BLOB,
  size INTEGER NOT NULL DEFAULT 0,
  pieces INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT;

CREATE INDEX uploads_of_grant ON uploads (grant_id);

CREATE TABLE upload_pieces (
  upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (upload_id, seq)
) STRICT;

-- Whether a provider files sent mail itself, as far as that was seen.
CREATE TABLE filing (
  account TEXT NOT NULL PRIMARY KEY,
  files_itself INTEGER NOT NULL,
  learned INTEGER NOT NULL
) STRICT;
