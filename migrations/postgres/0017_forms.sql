-- Forms, those who are filling them in, and what they have sent.
-- Differs from ../sqlite in types, and in the row-level security at the end.

-- organization_id is NULL for what is global; scope_id is then the nil uuid.
CREATE TABLE forms (
  id uuid PRIMARY KEY,
  organization_id uuid REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
  name text NOT NULL,
  description text,
  workflow_id uuid NOT NULL REFERENCES workflows (id),
  launch_workflow_id uuid REFERENCES workflows (id),
  access text NOT NULL CHECK (access IN ('authenticated', 'granted')),
  source text NOT NULL CHECK (source IN ('api', 'workspace')),
  -- The file of the workspace that it is in.
  path text,
  fields bigint NOT NULL,
  -- Grows with each change.
  revision bigint NOT NULL,
  created_by uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  -- Deleted, or not in the active version; kept for those who are filling it in, and for grants
  -- that hold again when its file comes back.
  removed_at timestamptz,
  definition json NOT NULL
);
CREATE UNIQUE INDEX forms_name ON forms (scope_id, name) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX forms_path ON forms (scope_id, path) WHERE path IS NOT NULL;
CREATE INDEX forms_organization ON forms (organization_id);

-- Workflows and data providers that a form needs.
CREATE TABLE form_workflows (
  form_id uuid NOT NULL REFERENCES forms (id) ON DELETE CASCADE,
  workflow_id uuid NOT NULL REFERENCES workflows (id),
  organization_id uuid REFERENCES organizations (id),
  PRIMARY KEY (form_id, workflow_id)
);
CREATE INDEX form_workflows_workflow ON form_workflows (workflow_id);
CREATE INDEX form_workflows_organization ON form_workflows (organization_id);

-- Somebody is filling in a form.
CREATE TABLE form_sessions (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  form_id uuid NOT NULL REFERENCES forms (id) ON DELETE CASCADE,
  user_id uuid NOT NULL,
  -- What the address has brought.
  query json NOT NULL,
  -- What the launch workflow has returned.
  startup json,
  launch_execution_id uuid,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX form_sessions_organization ON form_sessions (organization_id, user_id);
CREATE INDEX form_sessions_form ON form_sessions (form_id);
CREATE INDEX form_sessions_expiry ON form_sessions (expires_at);

-- Files that were sent, or are about to be.
CREATE TABLE form_uploads (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  session_id uuid NOT NULL REFERENCES form_sessions (id) ON DELETE CASCADE,
  field text NOT NULL,
  -- In the location `uploads`.
  path text NOT NULL,
  created_at timestamptz NOT NULL,
  -- A submission has it; the file stays when the session goes.
  used_at timestamptz
);
CREATE INDEX form_uploads_session ON form_uploads (session_id);
CREATE INDEX form_uploads_organization ON form_uploads (organization_id);

-- The form that a run was started through, and what its launch workflow had returned.
ALTER TABLE executions ADD COLUMN form_id uuid;
ALTER TABLE executions ADD COLUMN startup json;

DO $$
DECLARE t text;
BEGIN
  -- Rows of a tenant, or global: a tenant reads both and writes its own. Who deploys the
  -- provider's workspace has to see who depends on its workflows.
  FOREACH t IN ARRAY ARRAY['forms', 'form_workflows'] LOOP
    EXECUTE format('CREATE POLICY own ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org())
        OR (organization_id IS NULL AND (SELECT bifrost_is_global())))', t);
    EXECUTE format('CREATE POLICY global ON %I FOR SELECT
      USING (organization_id IS NULL AND (SELECT bifrost_org()) IS NOT NULL)', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['form_sessions', 'form_uploads'] LOOP
    EXECUTE format('CREATE POLICY tenant ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()))', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['forms', 'form_workflows', 'form_sessions', 'form_uploads'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;
CREATE POLICY provider ON form_workflows FOR SELECT
  USING ((SELECT bifrost_is_global())
    AND EXISTS (SELECT 1 FROM workflows w WHERE w.id = workflow_id AND w.organization_id IS NULL));
CREATE POLICY provider ON forms FOR SELECT
  USING ((SELECT bifrost_is_global())
    AND EXISTS (SELECT 1 FROM form_workflows u WHERE u.form_id = forms.id));
