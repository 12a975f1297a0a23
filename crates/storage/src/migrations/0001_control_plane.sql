-- Users, their accounts, grants and tokens; audit rows; sessions of MCP.
-- Instants are milliseconds since 1970; switches are 0 or 1; NULL means "not set" everywhere.

CREATE TABLE meta (
  key TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;

CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  is_admin INTEGER NOT NULL DEFAULT 0,
  password_hash TEXT NOT NULL,
  is_disabled INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL
) STRICT;

-- settings: JSON. wrapped_key: the account's own key, sealed by the master key; the secrets are
-- sealed by that key. smtp_secret is NULL where SMTP uses the IMAP secret.
CREATE TABLE accounts (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  settings TEXT NOT NULL,
  wrapped_key BLOB NOT NULL,
  imap_secret BLOB NOT NULL,
  smtp_secret BLOB,
  is_default INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  UNIQUE (user_id, name)
) STRICT;

CREATE UNIQUE INDEX accounts_one_default ON accounts (user_id) WHERE is_default = 1;

-- scopes: names with spaces between. accounts: JSON list of names, NULL means all. limits: JSON.
CREATE TABLE grants (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  label TEXT NOT NULL,
  scopes TEXT NOT NULL,
  accounts TEXT,
  limits TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER,
  revoked INTEGER
) STRICT;

CREATE UNIQUE INDEX grants_one_live ON grants (user_id, label) WHERE revoked IS NULL;

-- hash: SHA-256 of the bearer.
CREATE TABLE tokens (
  id TEXT NOT NULL PRIMARY KEY,
  grant_id TEXT NOT NULL REFERENCES grants (id),
  hash BLOB NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  last_used INTEGER,
  expires INTEGER,
  revoked INTEGER
) STRICT;

CREATE INDEX tokens_of_grant ON tokens (grant_id);

-- One chain for each user name: hash covers the row and prev_hash. Names, not ids: a user of the
-- environment or of a header has no row. targets: JSON list of message or folder ids.
CREATE TABLE audit (
  user_name TEXT NOT NULL,
  seq INTEGER NOT NULL,
  grant_id TEXT NOT NULL,
  door TEXT NOT NULL,
  tool TEXT NOT NULL,
  targets TEXT NOT NULL,
  outcome TEXT NOT NULL,
  at INTEGER NOT NULL,
  prev_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (user_name, seq)
) STRICT;

-- grant_id without a reference: carried grants have no row.
CREATE TABLE mcp_sessions (
  id TEXT NOT NULL PRIMARY KEY,
  grant_id TEXT NOT NULL,
  created INTEGER NOT NULL,
  last_used INTEGER NOT NULL
) STRICT;

CREATE INDEX mcp_sessions_of_grant ON mcp_sessions (grant_id, last_used);
