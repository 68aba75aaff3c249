-- Tenants, people, workspaces, runs and settings.
-- Differs from ../postgres in types: uuid is BLOB, time is INTEGER microseconds since
-- 1970, documents are TEXT. There is no row-level security here.

CREATE TABLE organizations (
  id BLOB PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  domain TEXT UNIQUE,
  is_provider INTEGER NOT NULL DEFAULT false,
  is_active INTEGER NOT NULL DEFAULT true,
  limits TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
-- One provider; also decides who wins when two processes start for the first time.
CREATE UNIQUE INDEX organizations_provider ON organizations (is_provider) WHERE is_provider;

CREATE TABLE users (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  is_active INTEGER NOT NULL DEFAULT true,
  created_at INTEGER NOT NULL,
  UNIQUE (organization_id, email)
);

CREATE TABLE api_keys (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  user_id BLOB NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  role TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER
);
CREATE INDEX api_keys_organization ON api_keys (organization_id, id);

-- organization_id is NULL for what is global; scope_id is then the nil uuid, so that
-- it can be unique and looked up.
CREATE TABLE workspaces (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, x'00000000000000000000000000000000')) STORED UNIQUE,
  active_version_id BLOB,
  created_at INTEGER NOT NULL
);

CREATE TABLE versions (
  id BLOB PRIMARY KEY NOT NULL,
  workspace_id BLOB NOT NULL REFERENCES workspaces (id),
  organization_id BLOB REFERENCES organizations (id),
  number INTEGER NOT NULL,
  source_hash TEXT NOT NULL,
  object_key TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'superseded')),
  message TEXT,
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  workflow_count INTEGER NOT NULL,
  error_count INTEGER NOT NULL,
  report TEXT NOT NULL,
  UNIQUE (workspace_id, number)
);

CREATE TABLE workflows (
  id BLOB PRIMARY KEY NOT NULL,
  workspace_id BLOB NOT NULL REFERENCES workspaces (id),
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, x'00000000000000000000000000000000')) STORED,
  path TEXT NOT NULL,
  function TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  retry_on_loss INTEGER NOT NULL,
  is_active INTEGER NOT NULL DEFAULT true,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  removed_at INTEGER,
  info TEXT NOT NULL,
  UNIQUE (workspace_id, path, function)
);
CREATE INDEX workflows_name ON workflows (scope_id, name);

CREATE TABLE workflow_references (
  id BLOB PRIMARY KEY NOT NULL,
  workflow_id BLOB NOT NULL REFERENCES workflows (id),
  organization_id BLOB REFERENCES organizations (id),
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (workflow_id, kind, label)
);

-- No foreign keys: a run is inserted from its organization's, workflow's and version's
-- rows, which are never deleted, and locking them for every run would make runs wait
-- for each other. Wide columns come last, so that lists do not pass over them.
CREATE TABLE executions (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL,
  workflow_id BLOB NOT NULL,
  workflow_name TEXT NOT NULL,
  version_id BLOB NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('Scheduled', 'Pending', 'Running', 'Waiting', 'Success', 'Failed', 'Timeout',
    'CompletedWithErrors', 'Cancelling', 'Cancelled')),
  attempt INTEGER NOT NULL DEFAULT 0,
  retry_on_loss INTEGER NOT NULL,
  executed_by BLOB NOT NULL,
  executed_by_email TEXT NOT NULL,
  executed_by_name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  completed_at INTEGER,
  rerun_of BLOB,
  idempotency_key TEXT,
  lease_token INTEGER NOT NULL DEFAULT 0,
  lease_worker TEXT,
  lease_until INTEGER,
  result_type TEXT,
  error_type TEXT,
  error_for_user INTEGER NOT NULL DEFAULT false,
  fuel_used INTEGER,
  memory_peak_bytes INTEGER,
  duration_ms INTEGER,
  error TEXT,
  traceback TEXT,
  roi TEXT,
  parameters TEXT NOT NULL,
  result TEXT,
  variables TEXT
);
CREATE INDEX executions_organization ON executions (organization_id, id);
CREATE INDEX executions_workflow ON executions (workflow_id, id);
CREATE UNIQUE INDEX executions_idempotency ON executions (organization_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX executions_pending ON executions (id) WHERE status = 'Pending';
CREATE INDEX executions_leased ON executions (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE execution_logs (
  execution_id BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  organization_id BLOB NOT NULL,
  timestamp INTEGER NOT NULL,
  level INTEGER NOT NULL,
  logger TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (execution_id, sequence)
) WITHOUT ROWID;

CREATE TABLE data_keys (
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, x'00000000000000000000000000000000')) STORED,
  version INTEGER NOT NULL,
  wrapped BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (scope_id, version)
);

CREATE TABLE config (
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, x'00000000000000000000000000000000')) STORED,
  key TEXT NOT NULL,
  is_secret INTEGER NOT NULL,
  value TEXT,
  ciphertext BLOB,
  key_version INTEGER,
  description TEXT,
  updated_at INTEGER NOT NULL,
  updated_by BLOB,
  UNIQUE (scope_id, key),
  CHECK (CASE WHEN is_secret THEN value IS NULL AND ciphertext IS NOT NULL AND key_version IS NOT NULL
              ELSE value IS NOT NULL AND ciphertext IS NULL END)
);
