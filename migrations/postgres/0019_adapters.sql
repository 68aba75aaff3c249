-- Adapters: code of workspaces that says what requests to a webhook are, the sources that chose
-- one, and what those were given and keep.

ALTER TABLE webhook_sources DROP CONSTRAINT webhook_sources_kind_check;
ALTER TABLE webhook_sources ADD CONSTRAINT webhook_sources_kind_check
  CHECK (kind IN ('generic', 'github', 'timestamped', 'microsoft_graph', 'unsigned', 'adapter', 'topic'));

-- As deployed. One that is gone keeps its id until it is there again.
CREATE TABLE webhook_adapters (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces (id),
  organization_id uuid REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
  name text NOT NULL,
  info json NOT NULL,
  updated_at timestamptz NOT NULL,
  removed_at timestamptz,
  UNIQUE (workspace_id, name)
);

CREATE TABLE adapter_sources (
  source_id uuid PRIMARY KEY REFERENCES webhook_sources (id),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  adapter_id uuid NOT NULL REFERENCES webhook_adapters (id),
  -- What can be shown of its configuration, and the names of the rest.
  config json NOT NULL,
  secret_keys json NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'active', 'failed', 'ending')),
  -- True once somebody over there was told of the source.
  is_subscribed boolean NOT NULL DEFAULT false,
  expires_at timestamptz,
  -- When there is something to do next.
  next_at timestamptz,
  -- So far at what is to do next.
  attempts bigint NOT NULL DEFAULT 0,
  -- Of the last thing that came to nothing, until it goes well.
  error text,
  failed_at timestamptz,
  -- Of the last request that it could not answer.
  request_error text,
  request_failed_at timestamptz
);
CREATE INDEX adapter_sources_adapter ON adapter_sources (adapter_id);
CREATE INDEX adapter_sources_next ON adapter_sources (next_at) WHERE next_at IS NOT NULL;

-- Secrets of the configuration, and what the adapter keeps: one document for each source.
CREATE TABLE adapter_values (
  source_id uuid PRIMARY KEY REFERENCES webhook_sources (id),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (organization_id) STORED,
  -- Binds the ciphertext to this row, as all that data keys encrypt is bound.
  sealed_as text NOT NULL,
  ciphertext bytea NOT NULL,
  key_version bigint NOT NULL,
  -- Counts what was kept.
  revision bigint NOT NULL DEFAULT 0,
  FOREIGN KEY (scope_id, key_version) REFERENCES data_keys (scope_id, version)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['adapter_sources', 'adapter_values'] LOOP
    EXECUTE format('CREATE POLICY tenant ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()))', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['webhook_adapters', 'adapter_sources', 'adapter_values'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;
CREATE POLICY own ON webhook_adapters
  USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org())
    OR (organization_id IS NULL AND (SELECT bifrost_is_global())));
CREATE POLICY global ON webhook_adapters FOR SELECT
  USING (organization_id IS NULL AND (SELECT bifrost_org()) IS NOT NULL);
-- Who deploys the provider's workspace has to see who depends on its adapters.
CREATE POLICY provider ON adapter_sources FOR SELECT
  USING ((SELECT bifrost_is_global())
    AND EXISTS (SELECT 1 FROM webhook_adapters a WHERE a.id = adapter_id AND a.organization_id IS NULL));
