-- Adapters: code of workspaces that says what requests to a webhook are, the sources that chose
-- one, and what those were given and keep.

-- A constraint is changed by making the table anew. What refers to it is checked at the end.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE webhook_sources_before AS SELECT * FROM webhook_sources;
DROP TABLE webhook_sources;
CREATE TABLE webhook_sources (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  -- In the address that senders are given; tells nothing about the source.
  hook_id BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL
    CHECK (kind IN ('generic', 'github', 'timestamped', 'microsoft_graph', 'unsigned', 'adapter', 'topic')),
  -- Of the kind topic only.
  topic TEXT,
  signature_header TEXT,
  delivery_header TEXT,
  tolerance_seconds INTEGER NOT NULL,
  networks TEXT NOT NULL,
  rate_per_minute INTEGER NOT NULL,
  body_bytes INTEGER NOT NULL,
  retention_days INTEGER NOT NULL,
  is_enabled INTEGER NOT NULL DEFAULT true,
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization_id, name)
);
CREATE UNIQUE INDEX webhook_sources_topic ON webhook_sources (organization_id, topic) WHERE topic IS NOT NULL;
INSERT INTO webhook_sources (id, organization_id, hook_id, name, kind, topic, signature_header, delivery_header,
    tolerance_seconds, networks, rate_per_minute, body_bytes, retention_days, is_enabled, created_by, created_at, updated_at)
  SELECT id, organization_id, hook_id, name, kind, topic, signature_header, delivery_header,
    tolerance_seconds, networks, rate_per_minute, body_bytes, retention_days, is_enabled, created_by, created_at, updated_at
  FROM webhook_sources_before;
DROP TABLE webhook_sources_before;

-- As deployed. One that is gone keeps its id until it is there again.
CREATE TABLE webhook_adapters (
  id BLOB PRIMARY KEY NOT NULL,
  workspace_id BLOB NOT NULL REFERENCES workspaces (id),
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, X'00000000000000000000000000000000')) STORED,
  name TEXT NOT NULL,
  info TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  removed_at INTEGER,
  UNIQUE (workspace_id, name)
);

CREATE TABLE adapter_sources (
  source_id BLOB PRIMARY KEY NOT NULL REFERENCES webhook_sources (id),
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  adapter_id BLOB NOT NULL REFERENCES webhook_adapters (id),
  -- What can be shown of its configuration, and the names of the rest.
  config TEXT NOT NULL,
  secret_keys TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'failed', 'ending')),
  -- True once somebody over there was told of the source.
  is_subscribed INTEGER NOT NULL DEFAULT false,
  expires_at INTEGER,
  -- When there is something to do next.
  next_at INTEGER,
  -- So far at what is to do next.
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Of the last thing that came to nothing, until it goes well.
  error TEXT,
  failed_at INTEGER,
  -- Of the last request that it could not answer.
  request_error TEXT,
  request_failed_at INTEGER
);
CREATE INDEX adapter_sources_adapter ON adapter_sources (adapter_id);
CREATE INDEX adapter_sources_next ON adapter_sources (next_at) WHERE next_at IS NOT NULL;

-- Secrets of the configuration, and what the adapter keeps: one document for each source.
CREATE TABLE adapter_values (
  source_id BLOB PRIMARY KEY NOT NULL REFERENCES webhook_sources (id),
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (organization_id) STORED,
  -- Binds the ciphertext to this row, as all that data keys encrypt is bound.
  sealed_as TEXT NOT NULL,
  ciphertext BLOB NOT NULL,
  key_version INTEGER NOT NULL,
  -- Counts what was kept.
  revision INTEGER NOT NULL DEFAULT 0,
  FOREIGN KEY (scope_id, key_version) REFERENCES data_keys (scope_id, version)
);
