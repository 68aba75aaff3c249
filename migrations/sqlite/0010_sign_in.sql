-- How people sign in, and what they hold once they have: credentials, providers, sessions.
-- What opens is kept as a hash, secrets that are used again are encrypted.

CREATE TABLE passwords (
  user_id BLOB PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  -- In PHC format.
  hash TEXT NOT NULL,
  changed_at INTEGER NOT NULL
);

CREATE TABLE totp (
  user_id BLOB PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (organization_id) STORED,
  -- Binds the ciphertext to this row, as all that data keys encrypt is bound.
  sealed_as TEXT NOT NULL,
  ciphertext BLOB NOT NULL,
  key_version INTEGER NOT NULL,
  -- NULL: not asked for yet, because no code has shown that the person has it.
  confirmed_at INTEGER,
  -- The time step of the last code, so that none is good twice.
  last_step INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  hash BLOB NOT NULL,
  PRIMARY KEY (user_id, hash)
);

CREATE TABLE passkeys (
  id BLOB PRIMARY KEY NOT NULL,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  credential_id BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  -- The public key, its counter and its flags.
  credential TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
);
CREATE INDEX passkeys_user ON passkeys (user_id);

CREATE TABLE identity_providers (
  id BLOB PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('microsoft', 'google', 'oidc')),
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  scope_id BLOB NOT NULL DEFAULT x'00000000000000000000000000000000',
  -- Binds the ciphertext to this row, as all that data keys encrypt is bound.
  sealed_as TEXT NOT NULL,
  -- NULL for a public client.
  ciphertext BLOB,
  key_version INTEGER,
  -- JSON lists of text.
  scopes TEXT NOT NULL,
  domains TEXT NOT NULL,
  creates_users INTEGER NOT NULL,
  is_enabled INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (issuer, client_id)
);

CREATE TABLE identities (
  provider_id BLOB NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
  subject TEXT NOT NULL,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  email TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  PRIMARY KEY (provider_id, subject)
);
CREATE INDEX identities_user ON identities (user_id);

CREATE TABLE sessions (
  id BLOB PRIMARY KEY NOT NULL,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  hash BLOB NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('browser', 'command_line')),
  -- How the person signed in.
  method TEXT NOT NULL,
  address TEXT,
  agent TEXT,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  -- The end whatever happens, and the end if it is not used.
  expires_at INTEGER NOT NULL,
  idle_until INTEGER NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- What happens between two requests of signing in: known by the hash of what the browser or
-- the link holds, good once, and not for long.
CREATE TABLE sign_in_flows (
  hash BLOB PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX sign_in_flows_expires ON sign_in_flows (expires_at);
CREATE INDEX sign_in_flows_user ON sign_in_flows (user_id);

CREATE TABLE device_codes (
  hash BLOB PRIMARY KEY NOT NULL,
  user_code TEXT NOT NULL UNIQUE,
  -- What the command line says of itself, for the person who decides.
  client TEXT NOT NULL,
  address TEXT,
  state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied')),
  user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
  interval_s INTEGER NOT NULL,
  polled_at INTEGER,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX device_codes_expires ON device_codes (expires_at);

-- Wrong attempts by what they were made on or from; `subject` is a hash.
CREATE TABLE sign_in_failures (
  subject BLOB PRIMARY KEY NOT NULL,
  failures INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  blocked_until INTEGER
);
CREATE INDEX sign_in_failures_last ON sign_in_failures (last_at);
