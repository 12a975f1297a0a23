-- People who sign in with a browser, and the clients that they let in by OAuth.
-- Instants are milliseconds since 1970. hash columns: SHA-256 of something that is not kept.

-- One browser in which somebody is signed in. hash: of the cookie. browser: in words, for the person's list.
-- proven: when a password was last typed in this session.
CREATE TABLE web_sessions (
  id TEXT NOT NULL PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  user_id TEXT NOT NULL REFERENCES users (id),
  browser TEXT NOT NULL,
  address TEXT NOT NULL,
  created INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  proven INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT;

CREATE INDEX web_sessions_of_user ON web_sessions (user_id);

-- Links that let somebody in once. purpose: setup, invite, reset. user_id: whose password a reset is for.
CREATE TABLE invitations (
  id TEXT NOT NULL PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  purpose TEXT NOT NULL,
  user_id TEXT REFERENCES users (id),
  is_admin INTEGER NOT NULL DEFAULT 0,
  note TEXT NOT NULL DEFAULT '',
  made_by TEXT NOT NULL DEFAULT '',
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  used INTEGER
) STRICT;

-- OAuth clients. id: what the client sends, made here or the URL of its document. kind: registered, document.
-- redirect_uris: JSON list. auth_method: none, client_secret_basic, client_secret_post.
-- fetched: when a document was read last.
CREATE TABLE clients (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  uri TEXT NOT NULL DEFAULT '',
  redirect_uris TEXT NOT NULL,
  redirect_host TEXT NOT NULL,
  auth_method TEXT NOT NULL,
  secret_hash BLOB,
  created INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  fetched INTEGER
) STRICT;

CREATE INDEX clients_by_host ON clients (redirect_host, created);
CREATE INDEX clients_by_use ON clients (last_used);

-- A grant of an OAuth client names it; personal tokens have none. paused: nothing is let in, nothing is lost.
ALTER TABLE grants ADD COLUMN client_id TEXT REFERENCES clients (id);
ALTER TABLE grants ADD COLUMN paused INTEGER;
-- When one of its tokens was used last: tokens of OAuth are forgotten when they have expired.
ALTER TABLE grants ADD COLUMN last_used INTEGER;
UPDATE grants SET last_used = (SELECT max(last_used) FROM tokens WHERE tokens.grant_id = grants.id);

CREATE UNIQUE INDEX grants_one_live_client ON grants (user_id, client_id)
  WHERE revoked IS NULL AND client_id IS NOT NULL;
CREATE INDEX grants_of_client ON grants (client_id);

-- What a client asks for and a signed-in person has yet to answer. scopes: asked for; NULL: none were named.
CREATE TABLE consents (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  client_id TEXT NOT NULL REFERENCES clients (id),
  redirect_uri TEXT NOT NULL,
  state TEXT,
  code_challenge TEXT NOT NULL,
  scopes TEXT,
  resource TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  answered INTEGER
) STRICT;

CREATE INDEX consents_of_user ON consents (user_id, created);
CREATE INDEX consents_of_client ON consents (client_id);

-- One sign-in of a client: its code and all tokens that came of it, listed and ended together.
CREATE TABLE families (
  id TEXT NOT NULL PRIMARY KEY,
  grant_id TEXT NOT NULL REFERENCES grants (id),
  created INTEGER NOT NULL,
  last_used INTEGER,
  revoked INTEGER
) STRICT;

CREATE INDEX families_of_grant ON families (grant_id);

CREATE TABLE codes (
  hash BLOB NOT NULL PRIMARY KEY,
  family_id TEXT NOT NULL REFERENCES families (id),
  client_id TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  code_challenge TEXT NOT NULL,
  scopes TEXT NOT NULL,
  resource TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  used INTEGER
) STRICT;

CREATE INDEX codes_by_expiry ON codes (expires);
CREATE INDEX codes_of_family ON codes (family_id);

-- kind: personal, access, refresh. scopes: what the token was given, NULL: all of its grant.
-- resource: whom it is for. replaced: when a refresh token was exchanged for the next.
ALTER TABLE tokens ADD COLUMN kind TEXT NOT NULL DEFAULT 'personal';
ALTER TABLE tokens ADD COLUMN family_id TEXT REFERENCES families (id);
ALTER TABLE tokens ADD COLUMN scopes TEXT;
ALTER TABLE tokens ADD COLUMN resource TEXT;
ALTER TABLE tokens ADD COLUMN replaced INTEGER;

CREATE INDEX tokens_of_family ON tokens (family_id);
CREATE INDEX tokens_by_expiry ON tokens (expires);

-- How many rows of the audit trail are calls of a grant's tools, by the hour since 1970 and the tool: summed up
-- as they are written, so that nobody has to read the trail to count. ok: went well; other: all others.
CREATE TABLE calls (
  grant_id TEXT NOT NULL,
  hour INTEGER NOT NULL,
  tool TEXT NOT NULL,
  ok INTEGER NOT NULL,
  other INTEGER NOT NULL,
  PRIMARY KEY (grant_id, hour, tool)
) STRICT;

CREATE INDEX calls_by_hour ON calls (hour);

INSERT INTO calls (grant_id, hour, tool, ok, other)
  SELECT grant_id, at / 3600000, tool, count(CASE WHEN outcome = 'ok' THEN 1 END),
    count(CASE WHEN outcome <> 'ok' THEN 1 END)
  FROM audit WHERE tool <> 'approval' GROUP BY grant_id, at / 3600000, tool;
