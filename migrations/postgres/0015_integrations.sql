-- Integrations with other systems, what each organization is there, and the connections that
-- authorize requests.
-- Differs from ../sqlite in types, and in the row-level security at the end.

CREATE TABLE integrations (
  id uuid PRIMARY KEY,
  -- NULL: the provider's, for all organizations.
  organization_id uuid REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
  name text NOT NULL,
  description text NOT NULL,
  -- Which values it needs.
  fields json NOT NULL,
  -- Those of them that are no secrets.
  config json NOT NULL,
  -- The authorization server; NULL where none is needed.
  oauth json,
  created_by uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (scope_id, name)
);

CREATE TABLE integration_mappings (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  integration_id uuid NOT NULL REFERENCES integrations (id),
  -- What the organization is called in the other system.
  entity_id text NOT NULL,
  entity_name text,
  -- What is different for it, without secrets.
  config json NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (integration_id, organization_id)
);
CREATE INDEX integration_mappings_organization ON integration_mappings (organization_id);

-- Global integrations whose secrets and tokens organizations' own workspaces may use.
CREATE TABLE integration_shares (
  integration_id uuid NOT NULL REFERENCES integrations (id),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  shared_at timestamptz NOT NULL,
  shared_by uuid NOT NULL,
  PRIMARY KEY (integration_id, organization_id)
);
CREATE INDEX integration_shares_organization ON integration_shares (organization_id);

CREATE TABLE oauth_connections (
  id uuid PRIMARY KEY,
  organization_id uuid REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
  integration_id uuid NOT NULL REFERENCES integrations (id),
  -- Its own client at the authorization server; NULL: the integration's.
  client_id text,
  status text NOT NULL CHECK (status IN ('not_connected', 'connected', 'failed')),
  -- Of the last attempt, if it came to nothing, and how many there were in a row.
  error text,
  failures bigint NOT NULL DEFAULT 0,
  -- Grows with each set of tokens: nothing is written over a newer one.
  version bigint NOT NULL DEFAULT 0,
  has_refresh boolean NOT NULL DEFAULT false,
  connected_by uuid,
  connected_at timestamptz,
  refreshed_at timestamptz,
  -- NULL: never.
  expires_at timestamptz,
  refresh_at timestamptz,
  -- Who renews the tokens at present.
  lease_holder text,
  lease_until timestamptz,
  created_by uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (integration_id, scope_id)
);
CREATE INDEX oauth_connections_scope ON oauth_connections (scope_id);
CREATE INDEX oauth_connections_due ON oauth_connections (refresh_at) WHERE refresh_at IS NOT NULL;

-- Somebody is at the authorization server; known by the hash of what they come back with, good
-- once, and not for long.
CREATE TABLE oauth_states (
  connection_id uuid PRIMARY KEY REFERENCES oauth_connections (id) ON DELETE CASCADE,
  organization_id uuid REFERENCES organizations (id),
  hash bytea NOT NULL UNIQUE,
  user_id uuid NOT NULL,
  -- The browser's session that began it; NULL where it was a program.
  session_id uuid,
  return_to text NOT NULL,
  expires_at timestamptz NOT NULL
);

-- Everything of integrations that is secret.
CREATE TABLE integration_secrets (
  organization_id uuid REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
  -- What it is and of what, such as `tokens:` and the id of a connection. Binds the ciphertext
  -- to this row, as all that data keys encrypt is bound.
  sealed_as text NOT NULL,
  ciphertext bytea NOT NULL,
  key_version bigint NOT NULL,
  UNIQUE (scope_id, sealed_as),
  FOREIGN KEY (scope_id, key_version) REFERENCES data_keys (scope_id, version)
);

DO $$
DECLARE t text;
BEGIN
  -- Rows of a tenant, or the provider's own.
  FOREACH t IN ARRAY ARRAY['integrations', 'oauth_connections', 'oauth_states', 'integration_secrets'] LOOP
    EXECUTE format('CREATE POLICY own ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org())
        OR (organization_id IS NULL AND (SELECT bifrost_is_global())))', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['integrations', 'integration_mappings', 'integration_shares', 'oauth_connections',
      'oauth_states', 'integration_secrets'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;
CREATE POLICY tenant ON integration_mappings
  USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()));
-- Nothing secret is in a definition.
CREATE POLICY global ON integrations FOR SELECT
  USING (organization_id IS NULL AND (SELECT bifrost_org()) IS NOT NULL);
-- The provider shares; who was given something sees that.
CREATE POLICY system ON integration_shares USING ((SELECT bifrost_is_system()));
CREATE POLICY owner ON integration_shares USING ((SELECT bifrost_is_global()));
CREATE POLICY receiver ON integration_shares FOR SELECT USING (organization_id = (SELECT bifrost_org()));
