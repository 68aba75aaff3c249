-- How people sign in, and what they hold once they have: credentials, providers, sessions.
-- What opens is kept as a hash, secrets that are used again are encrypted.

CREATE TABLE passwords (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  -- In PHC format.
  hash text NOT NULL,
  changed_at timestamptz NOT NULL
);

CREATE TABLE totp (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (organization_id) STORED,
  -- Binds the ciphertext to this row, as all that data keys encrypt is bound.
  sealed_as text NOT NULL,
  ciphertext bytea NOT NULL,
  key_version bigint NOT NULL,
  -- NULL: not asked for yet, because no code has shown that the person has it.
  confirmed_at timestamptz,
  -- The time step of the last code, so that none is good twice.
  last_step bigint NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  hash bytea NOT NULL,
  PRIMARY KEY (user_id, hash)
);

CREATE TABLE passkeys (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  credential_id bytea NOT NULL UNIQUE,
  name text NOT NULL,
  -- The public key, its counter and its flags.
  credential json NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz
);
CREATE INDEX passkeys_user ON passkeys (user_id);

CREATE TABLE identity_providers (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('microsoft', 'google', 'oidc')),
  issuer text NOT NULL,
  client_id text NOT NULL,
  scope_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  -- Binds the ciphertext to this row, as all that data keys encrypt is bound.
  sealed_as text NOT NULL,
  -- NULL for a public client.
  ciphertext bytea,
  key_version bigint,
  -- JSON lists of text.
  scopes json NOT NULL,
  domains json NOT NULL,
  creates_users boolean NOT NULL,
  is_enabled boolean NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (issuer, client_id)
);

CREATE TABLE identities (
  provider_id uuid NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
  subject text NOT NULL,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  email text NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  PRIMARY KEY (provider_id, subject)
);
CREATE INDEX identities_user ON identities (user_id);

CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  hash bytea NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('browser', 'command_line')),
  -- How the person signed in.
  method text NOT NULL,
  address text,
  agent text,
  created_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  -- The end whatever happens, and the end if it is not used.
  expires_at timestamptz NOT NULL,
  idle_until timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- What happens between two requests of signing in: known by the hash of what the browser or
-- the link holds, good once, and not for long.
CREATE TABLE sign_in_flows (
  hash bytea PRIMARY KEY,
  kind text NOT NULL,
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  state json NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX sign_in_flows_expires ON sign_in_flows (expires_at);
CREATE INDEX sign_in_flows_user ON sign_in_flows (user_id);

CREATE TABLE device_codes (
  hash bytea PRIMARY KEY,
  user_code text NOT NULL UNIQUE,
  -- What the command line says of itself, for the person who decides.
  client text NOT NULL,
  address text,
  state text NOT NULL CHECK (state IN ('pending', 'approved', 'denied')),
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  interval_s bigint NOT NULL,
  polled_at timestamptz,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX device_codes_expires ON device_codes (expires_at);

-- Wrong attempts by what they were made on or from; `subject` is a hash.
CREATE TABLE sign_in_failures (
  subject bytea PRIMARY KEY,
  failures bigint NOT NULL,
  last_at timestamptz NOT NULL,
  blocked_until timestamptz
);
CREATE INDEX sign_in_failures_last ON sign_in_failures (last_at);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['passwords', 'totp', 'recovery_codes', 'passkeys', 'identities', 'sessions'] LOOP
    EXECUTE format('CREATE POLICY tenant ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()))', t);
  END LOOP;
  CREATE POLICY own ON identity_providers USING ((SELECT bifrost_is_system()) OR (SELECT bifrost_is_global()));
  -- Of no tenant: only the platform itself sees these.
  FOREACH t IN ARRAY ARRAY['sign_in_flows', 'device_codes', 'sign_in_failures'] LOOP
    EXECUTE format('CREATE POLICY system ON %I USING ((SELECT bifrost_is_system()))', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['passwords', 'totp', 'recovery_codes', 'passkeys', 'identities', 'sessions',
      'identity_providers', 'sign_in_flows', 'device_codes', 'sign_in_failures'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;
