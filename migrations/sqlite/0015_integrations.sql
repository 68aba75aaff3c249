-- Integrations with other systems, what each organization is there, and the connections that
-- authorize requests.

CREATE TABLE integrations (
  id BLOB PRIMARY KEY NOT NULL,
  -- NULL: the provider's, for all organizations.
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, x'00000000000000000000000000000000')) STORED,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  -- Which values it needs.
  fields TEXT NOT NULL,
  -- Those of them that are no secrets.
  config TEXT NOT NULL,
  -- The authorization server; NULL where none is needed.
  oauth TEXT,
  created_by BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (scope_id, name)
);

CREATE TABLE integration_mappings (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  integration_id BLOB NOT NULL REFERENCES integrations (id),
  -- What the organization is called in the other system.
  entity_id TEXT NOT NULL,
  entity_name TEXT,
  -- What is different for it, without secrets.
  config TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (integration_id, organization_id)
);
CREATE INDEX integration_mappings_organization ON integration_mappings (organization_id);

-- Global integrations whose secrets and tokens organizations' own workspaces may use.
CREATE TABLE integration_shares (
  integration_id BLOB NOT NULL REFERENCES integrations (id),
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  shared_at INTEGER NOT NULL,
  shared_by BLOB NOT NULL,
  PRIMARY KEY (integration_id, organization_id)
);
CREATE INDEX integration_shares_organization ON integration_shares (organization_id);

CREATE TABLE oauth_connections (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, x'00000000000000000000000000000000')) STORED,
  integration_id BLOB NOT NULL REFERENCES integrations (id),
  -- Its own client at the authorization server; NULL: the integration's.
  client_id TEXT,
  status TEXT NOT NULL CHECK (status IN ('not_connected', 'connected', 'failed')),
  -- Of the last attempt, if it came to nothing, and how many there were in a row.
  error TEXT,
  failures INTEGER NOT NULL DEFAULT 0,
  -- Grows with each set of tokens: nothing is written over a newer one.
  version INTEGER NOT NULL DEFAULT 0,
  has_refresh INTEGER NOT NULL DEFAULT false,
  connected_by BLOB,
  connected_at INTEGER,
  refreshed_at INTEGER,
  -- NULL: never.
  expires_at INTEGER,
  refresh_at INTEGER,
  -- Who renews the tokens at present.
  lease_holder TEXT,
  lease_until INTEGER,
  created_by BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (integration_id, scope_id)
);
CREATE INDEX oauth_connections_scope ON oauth_connections (scope_id);
CREATE INDEX oauth_connections_due ON oauth_connections (refresh_at) WHERE refresh_at IS NOT NULL;

-- Somebody is at the authorization server; known by the hash of what they come back with, good
-- once, and not for long.
CREATE TABLE oauth_states (
  connection_id BLOB PRIMARY KEY NOT NULL REFERENCES oauth_connections (id) ON DELETE CASCADE,
  organization_id BLOB REFERENCES organizations (id),
  hash BLOB NOT NULL UNIQUE,
  user_id BLOB NOT NULL,
  -- The browser's session that began it; NULL where it was a program.
  session_id BLOB,
  return_to TEXT NOT NULL,
  expires_at INTEGER NOT NULL
);

-- Everything of integrations that is secret.
CREATE TABLE integration_secrets (
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, x'00000000000000000000000000000000')) STORED,
  -- What it is and of what, such as `tokens:` and the id of a connection. Binds the ciphertext
  -- to this row, as all that data keys encrypt is bound.
  sealed_as TEXT NOT NULL,
  ciphertext BLOB NOT NULL,
  key_version INTEGER NOT NULL,
  UNIQUE (scope_id, sealed_as),
  FOREIGN KEY (scope_id, key_version) REFERENCES data_keys (scope_id, version)
);
