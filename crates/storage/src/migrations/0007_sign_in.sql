-- Passkeys, one-time codes, other providers by whom people sign in, and what waits between two requests of one.
-- users.password_hash is '' for somebody who has no password. Instants are milliseconds since 1970.

-- credential: sealed under the master key. credential_id: as the browser names it.
CREATE TABLE passkeys (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  credential_id BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  credential BLOB NOT NULL,
  created INTEGER NOT NULL,
  last_used INTEGER
) STRICT;

CREATE INDEX passkeys_of_user ON passkeys (user_id, created);

-- secret: sealed under the master key. last_step: the newest time step whose code was used: none is used twice.
-- confirmed: when the first code was typed; until then nobody is asked for one.
CREATE TABLE one_time_codes (
  user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
  secret BLOB NOT NULL,
  last_step INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  confirmed INTEGER
) STRICT;

CREATE TABLE recovery_codes (
  user_id TEXT NOT NULL REFERENCES users (id),
  hash BLOB NOT NULL,
  used INTEGER,
  PRIMARY KEY (user_id, hash)
) STRICT;

-- Who somebody is at another provider. shown: their address or name there, for their own list.
CREATE TABLE identities (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  shown TEXT NOT NULL,
  created INTEGER NOT NULL,
  last_used INTEGER,
  PRIMARY KEY (issuer, subject)
) STRICT;

CREATE INDEX identities_of_user ON identities (user_id, created);

-- The half of a sign-in or proof that waits for the other. hash: SHA-256 of what the browser holds meanwhile.
-- kind: what it is half of. session_id: of the session it was begun in. occasion: what a proof is for.
-- body: sealed under the master key. A row goes as soon as it is taken.
CREATE TABLE ceremonies (
  hash BLOB NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  user_id TEXT REFERENCES users (id),
  session_id TEXT,
  occasion TEXT NOT NULL DEFAULT '',
  body BLOB NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT;

CREATE INDEX ceremonies_by_expiry ON ceremonies (expires);
CREATE INDEX ceremonies_of_user ON ceremonies (user_id);

-- proven_for: the occasion that the last proof was given for. way: how it was opened.
ALTER TABLE web_sessions ADD COLUMN proven_for TEXT NOT NULL DEFAULT '';
ALTER TABLE web_sessions ADD COLUMN way TEXT NOT NULL DEFAULT 'password';
