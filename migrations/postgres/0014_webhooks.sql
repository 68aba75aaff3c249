-- Workflows that are reached over plain HTTP, sources of deliveries with a durable inbox, and
-- what starts a workflow for a delivery.

CREATE TABLE endpoints (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  workflow_id uuid NOT NULL REFERENCES workflows (id),
  slug text NOT NULL,
  methods json NOT NULL,
  mode text NOT NULL CHECK (mode IN ('sync', 'async')),
  deadline_seconds bigint NOT NULL,
  -- Whoever knows the address may call it.
  is_public boolean NOT NULL,
  rate_per_minute bigint NOT NULL,
  is_enabled boolean NOT NULL DEFAULT true,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (organization_id, slug)
);
CREATE INDEX endpoints_workflow ON endpoints (workflow_id);

CREATE TABLE webhook_sources (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  -- In the address that senders are given; tells nothing about the source.
  hook_id uuid NOT NULL UNIQUE,
  name text NOT NULL,
  kind text NOT NULL
    CHECK (kind IN ('generic', 'github', 'timestamped', 'microsoft_graph', 'unsigned', 'topic')),
  -- Of the kind topic only.
  topic text,
  signature_header text,
  delivery_header text,
  tolerance_seconds bigint NOT NULL,
  networks json NOT NULL,
  rate_per_minute bigint NOT NULL,
  body_bytes bigint NOT NULL,
  retention_days bigint NOT NULL,
  is_enabled boolean NOT NULL DEFAULT true,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (organization_id, name)
);
CREATE UNIQUE INDEX webhook_sources_topic ON webhook_sources (organization_id, topic) WHERE topic IS NOT NULL;

-- Two at most: the one of now and the next one.
CREATE TABLE webhook_secrets (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (organization_id) STORED,
  source_id uuid NOT NULL REFERENCES webhook_sources (id),
  -- Binds the ciphertext to this row, as all that data keys encrypt is bound.
  sealed_as text NOT NULL,
  ciphertext bytea NOT NULL,
  key_version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  FOREIGN KEY (scope_id, key_version) REFERENCES data_keys (scope_id, version)
);
CREATE INDEX webhook_secrets_source ON webhook_secrets (source_id);

CREATE TABLE webhook_subscriptions (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  source_id uuid NOT NULL REFERENCES webhook_sources (id),
  workflow_id uuid NOT NULL REFERENCES workflows (id),
  filter json NOT NULL,
  mapping json NOT NULL,
  is_enabled boolean NOT NULL DEFAULT true,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX webhook_subscriptions_source ON webhook_subscriptions (source_id);
CREATE INDEX webhook_subscriptions_workflow ON webhook_subscriptions (workflow_id);

-- The inbox: what was delivered, committed before the sender is told so.
CREATE TABLE webhook_deliveries (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  source_id uuid NOT NULL REFERENCES webhook_sources (id),
  -- The sender's id or the body's hash; NULL for one that may come again.
  same_as text,
  -- What the sender calls it, such as `push`.
  event_type text,
  -- Without what is secret.
  headers json NOT NULL,
  content_type text,
  body bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'done', 'ignored', 'failed')),
  -- What became of each subscription.
  outcomes json NOT NULL,
  attempts bigint NOT NULL DEFAULT 0,
  -- Of the last attempt that came to nothing.
  error text,
  next_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  processed_at timestamptz,
  expires_at timestamptz NOT NULL,
  replay_of uuid,
  replayed_by uuid,
  -- The run that emitted it, and the runs that led there.
  parent_id uuid,
  root_id uuid,
  depth bigint NOT NULL DEFAULT 0,
  is_confined boolean NOT NULL DEFAULT false,
  UNIQUE (source_id, same_as)
);
CREATE INDEX webhook_deliveries_source ON webhook_deliveries (source_id, id);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (next_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_root ON webhook_deliveries (root_id) WHERE root_id IS NOT NULL;
CREATE INDEX webhook_deliveries_expiry ON webhook_deliveries (expires_at) WHERE state <> 'pending';

-- The delivery that a run was started for.
ALTER TABLE executions ADD COLUMN delivery_id uuid;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['endpoints', 'webhook_sources', 'webhook_secrets', 'webhook_subscriptions',
      'webhook_deliveries'] LOOP
    EXECUTE format('CREATE POLICY tenant ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()))', t);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;
-- Who deploys the provider's workspace has to see who depends on its workflows.
CREATE POLICY provider ON endpoints FOR SELECT
  USING ((SELECT bifrost_is_global())
    AND EXISTS (SELECT 1 FROM workflows w WHERE w.id = workflow_id AND w.organization_id IS NULL));
CREATE POLICY provider ON webhook_subscriptions FOR SELECT
  USING ((SELECT bifrost_is_global())
    AND EXISTS (SELECT 1 FROM workflows w WHERE w.id = workflow_id AND w.organization_id IS NULL));
