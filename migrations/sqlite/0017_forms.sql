-- Forms, those who are filling them in, and what they have sent.

-- organization_id is NULL for what is global; scope_id is then the nil uuid.
CREATE TABLE forms (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, x'00000000000000000000000000000000')) STORED,
  name TEXT NOT NULL,
  description TEXT,
  workflow_id BLOB NOT NULL REFERENCES workflows (id),
  launch_workflow_id BLOB REFERENCES workflows (id),
  access TEXT NOT NULL CHECK (access IN ('authenticated', 'granted')),
  source TEXT NOT NULL CHECK (source IN ('api', 'workspace')),
  -- The file of the workspace that it is in.
  path TEXT,
  fields INTEGER NOT NULL,
  -- Grows with each change.
  revision INTEGER NOT NULL,
  created_by BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- Deleted, or not in the active version; kept for those who are filling it in, and for grants
  -- that hold again when its file comes back.
  removed_at INTEGER,
  definition TEXT NOT NULL
);
CREATE UNIQUE INDEX forms_name ON forms (scope_id, name) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX forms_path ON forms (scope_id, path) WHERE path IS NOT NULL;
CREATE INDEX forms_organization ON forms (organization_id);

-- Workflows and data providers that a form needs.
CREATE TABLE form_workflows (
  form_id BLOB NOT NULL REFERENCES forms (id) ON DELETE CASCADE,
  workflow_id BLOB NOT NULL REFERENCES workflows (id),
  organization_id BLOB REFERENCES organizations (id),
  PRIMARY KEY (form_id, workflow_id)
);
CREATE INDEX form_workflows_workflow ON form_workflows (workflow_id);
CREATE INDEX form_workflows_organization ON form_workflows (organization_id);

-- Somebody is filling in a form.
CREATE TABLE form_sessions (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  form_id BLOB NOT NULL REFERENCES forms (id) ON DELETE CASCADE,
  user_id BLOB NOT NULL,
  -- What the address has brought.
  query TEXT NOT NULL,
  -- What the launch workflow has returned.
  startup TEXT,
  launch_execution_id BLOB,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX form_sessions_organization ON form_sessions (organization_id, user_id);
CREATE INDEX form_sessions_form ON form_sessions (form_id);
CREATE INDEX form_sessions_expiry ON form_sessions (expires_at);

-- Files that were sent, or are about to be.
CREATE TABLE form_uploads (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  session_id BLOB NOT NULL REFERENCES form_sessions (id) ON DELETE CASCADE,
  field TEXT NOT NULL,
  -- In the location `uploads`.
  path TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- A submission has it; the file stays when the session goes.
  used_at INTEGER
);
CREATE INDEX form_uploads_session ON form_uploads (session_id);
CREATE INDEX form_uploads_organization ON form_uploads (organization_id);

-- The form that a run was started through, and what its launch workflow had returned.
ALTER TABLE executions ADD COLUMN form_id BLOB;
ALTER TABLE executions ADD COLUMN startup TEXT;
