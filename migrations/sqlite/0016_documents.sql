-- Tables of JSON documents, and files.

-- organization_id is NULL for what is global; scope_id is then the nil uuid.
CREATE TABLE document_tables (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, x'00000000000000000000000000000000')) STORED,
  name TEXT NOT NULL,
  description TEXT,
  schema TEXT,
  -- Of its documents, kept with each write.
  documents INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  created_by BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (scope_id, name)
);
CREATE INDEX document_tables_organization ON document_tables (organization_id);

CREATE TABLE documents (
  table_id BLOB NOT NULL REFERENCES document_tables (id),
  id TEXT NOT NULL,
  organization_id BLOB REFERENCES organizations (id),
  data TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_by BLOB,
  updated_by BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (table_id, id)
);
CREATE INDEX documents_created ON documents (table_id, created_at, id);
CREATE INDEX documents_organization ON documents (organization_id);

-- The content is an object that no other row names; see bifrost_store::files.
CREATE TABLE files (
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  location TEXT NOT NULL,
  path TEXT NOT NULL,
  object_id BLOB NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  content_type TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by BLOB,
  expires_at INTEGER,
  PRIMARY KEY (organization_id, location, path)
);
CREATE INDEX files_object ON files (object_id);
CREATE INDEX files_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;

-- What counts against an organization's quota, kept with each write.
CREATE TABLE file_usage (
  organization_id BLOB PRIMARY KEY NOT NULL REFERENCES organizations (id),
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);
