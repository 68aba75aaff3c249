-- Tables of JSON documents, and files.

-- organization_id is NULL for what is global; scope_id is then the nil uuid.
CREATE TABLE document_tables (
  id uuid PRIMARY KEY,
  organization_id uuid REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
  name text NOT NULL,
  description text,
  schema json,
  -- Of its documents, kept with each write.
  documents bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  created_by uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (scope_id, name)
);
CREATE INDEX document_tables_organization ON document_tables (organization_id);

CREATE TABLE documents (
  table_id uuid NOT NULL REFERENCES document_tables (id),
  -- Texts are in the order of their code points, as in SQLite.
  id text COLLATE "C" NOT NULL,
  organization_id uuid REFERENCES organizations (id),
  data jsonb NOT NULL,
  bytes bigint NOT NULL,
  version bigint NOT NULL,
  created_by uuid,
  updated_by uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (table_id, id)
);
CREATE INDEX documents_created ON documents (table_id, created_at, id);
CREATE INDEX documents_organization ON documents (organization_id);

-- The content is an object that no other row names; see bifrost_store::files.
CREATE TABLE files (
  organization_id uuid NOT NULL REFERENCES organizations (id),
  location text NOT NULL,
  path text COLLATE "C" NOT NULL,
  object_id uuid NOT NULL,
  size bigint NOT NULL,
  sha256 text NOT NULL,
  content_type text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by uuid,
  expires_at timestamptz,
  PRIMARY KEY (organization_id, location, path)
);
CREATE INDEX files_object ON files (object_id);
CREATE INDEX files_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;

-- What counts against an organization's quota, kept with each write.
CREATE TABLE file_usage (
  organization_id uuid PRIMARY KEY REFERENCES organizations (id),
  files bigint NOT NULL,
  bytes bigint NOT NULL
);

DO $$
DECLARE t text;
BEGIN
  -- Rows of a tenant, or global: a tenant reads both and writes its own.
  FOREACH t IN ARRAY ARRAY['document_tables', 'documents'] LOOP
    EXECUTE format('CREATE POLICY own ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org())
        OR (organization_id IS NULL AND (SELECT bifrost_is_global())))', t);
    EXECUTE format('CREATE POLICY global ON %I FOR SELECT
      USING (organization_id IS NULL AND (SELECT bifrost_org()) IS NOT NULL)', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['files', 'file_usage'] LOOP
    EXECUTE format('CREATE POLICY tenant ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()))', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['document_tables', 'documents', 'files', 'file_usage'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;
