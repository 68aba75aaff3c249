-- Tenants, people, workspaces, runs and settings.
-- Differs from ../sqlite in types, and in the row-level security at the end.

-- The scope of the transaction: '*' for the system, 'global' for the provider's own
-- rows, else an organization's id. Unset sees nothing.
CREATE FUNCTION bifrost_is_system() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT coalesce(current_setting('bifrost.org', true), '') = '*' $$;
CREATE FUNCTION bifrost_is_global() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT coalesce(current_setting('bifrost.org', true), '') = 'global' $$;
CREATE FUNCTION bifrost_org() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT CASE WHEN coalesce(current_setting('bifrost.org', true), '') IN ('', '*', 'global') THEN NULL
                    ELSE current_setting('bifrost.org', true)::uuid END $$;

CREATE TABLE organizations (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  domain text UNIQUE,
  is_provider boolean NOT NULL DEFAULT false,
  is_active boolean NOT NULL DEFAULT true,
  limits json NOT NULL,
  created_at timestamptz NOT NULL
);
-- One provider; also decides who wins when two processes start for the first time.
CREATE UNIQUE INDEX organizations_provider ON organizations (is_provider) WHERE is_provider;

CREATE TABLE users (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  email text NOT NULL,
  name text NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL,
  UNIQUE (organization_id, email)
);

CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  user_id uuid NOT NULL REFERENCES users (id),
  name text NOT NULL,
  prefix text NOT NULL,
  hash bytea NOT NULL UNIQUE,
  role text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
CREATE INDEX api_keys_organization ON api_keys (organization_id, id);

-- organization_id is NULL for what is global; scope_id is then the nil uuid, so that
-- it can be unique and looked up.
CREATE TABLE workspaces (
  id uuid PRIMARY KEY,
  organization_id uuid REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED UNIQUE,
  active_version_id uuid,
  created_at timestamptz NOT NULL
);

CREATE TABLE versions (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces (id),
  organization_id uuid REFERENCES organizations (id),
  number bigint NOT NULL,
  source_hash text NOT NULL,
  object_key text NOT NULL,
  state text NOT NULL CHECK (state IN ('active', 'superseded')),
  message text,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  workflow_count bigint NOT NULL,
  error_count bigint NOT NULL,
  report json NOT NULL,
  UNIQUE (workspace_id, number)
);

CREATE TABLE workflows (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces (id),
  organization_id uuid REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
  path text NOT NULL,
  function text NOT NULL,
  name text NOT NULL,
  kind text NOT NULL,
  retry_on_loss boolean NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  removed_at timestamptz,
  info json NOT NULL,
  UNIQUE (workspace_id, path, function)
);
CREATE INDEX workflows_name ON workflows (scope_id, name);

CREATE TABLE workflow_references (
  id uuid PRIMARY KEY,
  workflow_id uuid NOT NULL REFERENCES workflows (id),
  organization_id uuid REFERENCES organizations (id),
  kind text NOT NULL,
  label text NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (workflow_id, kind, label)
);

-- No foreign keys: a run is inserted from its organization's, workflow's and version's
-- rows, which are never deleted, and locking them for every run would make runs wait
-- for each other. Wide columns come last, so that lists do not pass over them.
CREATE TABLE executions (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  workflow_id uuid NOT NULL,
  workflow_name text NOT NULL,
  version_id uuid NOT NULL,
  status text NOT NULL CHECK (status IN ('Scheduled', 'Pending', 'Running', 'Waiting', 'Success', 'Failed', 'Timeout',
    'CompletedWithErrors', 'Cancelling', 'Cancelled')),
  attempt bigint NOT NULL DEFAULT 0,
  retry_on_loss boolean NOT NULL,
  executed_by uuid NOT NULL,
  executed_by_email text NOT NULL,
  executed_by_name text NOT NULL,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  completed_at timestamptz,
  rerun_of uuid,
  idempotency_key text,
  lease_token bigint NOT NULL DEFAULT 0,
  lease_worker text,
  lease_until timestamptz,
  result_type text,
  error_type text,
  error_for_user boolean NOT NULL DEFAULT false,
  fuel_used bigint,
  memory_peak_bytes bigint,
  duration_ms bigint,
  error text,
  traceback text,
  roi json,
  parameters json NOT NULL,
  result json,
  variables json
);
CREATE INDEX executions_organization ON executions (organization_id, id);
CREATE INDEX executions_workflow ON executions (workflow_id, id);
CREATE UNIQUE INDEX executions_idempotency ON executions (organization_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX executions_pending ON executions (id) WHERE status = 'Pending';
CREATE INDEX executions_leased ON executions (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE execution_logs (
  execution_id uuid NOT NULL,
  sequence bigint NOT NULL,
  organization_id uuid NOT NULL,
  timestamp timestamptz NOT NULL,
  level bigint NOT NULL,
  logger text NOT NULL,
  message text NOT NULL,
  PRIMARY KEY (execution_id, sequence)
);

CREATE TABLE data_keys (
  organization_id uuid REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
  version bigint NOT NULL,
  wrapped bytea NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (scope_id, version)
);

CREATE TABLE config (
  organization_id uuid REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
  key text NOT NULL,
  is_secret boolean NOT NULL,
  value json,
  ciphertext bytea,
  key_version bigint,
  description text,
  updated_at timestamptz NOT NULL,
  updated_by uuid,
  UNIQUE (scope_id, key),
  CHECK (CASE WHEN is_secret THEN value IS NULL AND ciphertext IS NOT NULL AND key_version IS NOT NULL
              ELSE value IS NOT NULL AND ciphertext IS NULL END)
);

-- Row-level security. FORCE: the tables' owner is the role that the platform uses.
DO $$
DECLARE t text;
BEGIN
  -- Rows of exactly one tenant.
  FOREACH t IN ARRAY ARRAY['users', 'api_keys', 'executions', 'execution_logs'] LOOP
    EXECUTE format('CREATE POLICY tenant ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()))', t);
  END LOOP;
  -- Rows of a tenant, or global: a tenant reads both and writes its own.
  FOREACH t IN ARRAY ARRAY['workspaces', 'versions', 'workflows', 'workflow_references', 'config', 'data_keys'] LOOP
    EXECUTE format('CREATE POLICY own ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org())
        OR (organization_id IS NULL AND (SELECT bifrost_is_global())))', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['workspaces', 'versions', 'workflows'] LOOP
    EXECUTE format('CREATE POLICY global ON %I FOR SELECT
      USING (organization_id IS NULL AND (SELECT bifrost_org()) IS NOT NULL)', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['organizations', 'users', 'api_keys', 'workspaces', 'versions', 'workflows',
      'workflow_references', 'executions', 'execution_logs', 'config', 'data_keys'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;

-- A global secret is not for tenants, whoever asks with a tenant's scope.
CREATE POLICY global ON config FOR SELECT
  USING (organization_id IS NULL AND NOT is_secret AND (SELECT bifrost_org()) IS NOT NULL);
CREATE POLICY own ON organizations FOR SELECT USING (id = (SELECT bifrost_org()));
CREATE POLICY system ON organizations USING ((SELECT bifrost_is_system()));
