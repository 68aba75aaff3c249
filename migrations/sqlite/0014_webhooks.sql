-- Workflows that are reached over plain HTTP, sources of deliveries with a durable inbox, and
-- what starts a workflow for a delivery.

CREATE TABLE endpoints (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  workflow_id BLOB NOT NULL REFERENCES workflows (id),
  slug TEXT NOT NULL,
  methods TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('sync', 'async')),
  deadline_seconds INTEGER NOT NULL,
  -- Whoever knows the address may call it.
  is_public INTEGER NOT NULL,
  rate_per_minute INTEGER NOT NULL,
  is_enabled INTEGER NOT NULL DEFAULT true,
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization_id, slug)
);
CREATE INDEX endpoints_workflow ON endpoints (workflow_id);

CREATE TABLE webhook_sources (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  -- In the address that senders are given; tells nothing about the source.
  hook_id BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL
    CHECK (kind IN ('generic', 'github', 'timestamped', 'microsoft_graph', 'unsigned', 'topic')),
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

-- Two at most: the one of now and the next one.
CREATE TABLE webhook_secrets (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (organization_id) STORED,
  source_id BLOB NOT NULL REFERENCES webhook_sources (id),
  -- Binds the ciphertext to this row, as all that data keys encrypt is bound.
  sealed_as TEXT NOT NULL,
  ciphertext BLOB NOT NULL,
  key_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  FOREIGN KEY (scope_id, key_version) REFERENCES data_keys (scope_id, version)
);
CREATE INDEX webhook_secrets_source ON webhook_secrets (source_id);

CREATE TABLE webhook_subscriptions (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  source_id BLOB NOT NULL REFERENCES webhook_sources (id),
  workflow_id BLOB NOT NULL REFERENCES workflows (id),
  filter TEXT NOT NULL,
  mapping TEXT NOT NULL,
  is_enabled INTEGER NOT NULL DEFAULT true,
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX webhook_subscriptions_source ON webhook_subscriptions (source_id);
CREATE INDEX webhook_subscriptions_workflow ON webhook_subscriptions (workflow_id);

-- The inbox: what was delivered, committed before the sender is told so.
CREATE TABLE webhook_deliveries (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  source_id BLOB NOT NULL REFERENCES webhook_sources (id),
  -- The sender's id or the body's hash; NULL for one that may come again.
  same_as TEXT,
  -- What the sender calls it, such as `push`.
  event_type TEXT,
  -- Without what is secret.
  headers TEXT NOT NULL,
  content_type TEXT,
  body BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'ignored', 'failed')),
  -- What became of each subscription.
  outcomes TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Of the last attempt that came to nothing.
  error TEXT,
  next_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  processed_at INTEGER,
  expires_at INTEGER NOT NULL,
  replay_of BLOB,
  replayed_by BLOB,
  -- The run that emitted it, and the runs that led there.
  parent_id BLOB,
  root_id BLOB,
  depth INTEGER NOT NULL DEFAULT 0,
  is_confined INTEGER NOT NULL DEFAULT false,
  UNIQUE (source_id, same_as)
);
CREATE INDEX webhook_deliveries_source ON webhook_deliveries (source_id, id);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (next_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_root ON webhook_deliveries (root_id) WHERE root_id IS NOT NULL;
CREATE INDEX webhook_deliveries_expiry ON webhook_deliveries (expires_at) WHERE state <> 'pending';

-- The delivery that a run was started for.
ALTER TABLE executions ADD COLUMN delivery_id BLOB;
