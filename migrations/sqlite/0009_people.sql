-- Roles, grants, invitations and the audit log.
-- Differs from ../postgres in types; there is no row-level security here.

ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'service'));
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'org_user';
-- Until now only keys had a role: a person has the highest of theirs.
UPDATE users SET role = 'org_admin' WHERE EXISTS
  (SELECT 1 FROM api_keys k WHERE k.user_id = users.id AND k.role = 'org_admin' AND k.revoked_at IS NULL);
UPDATE users SET role = 'platform_admin' WHERE EXISTS
  (SELECT 1 FROM api_keys k WHERE k.user_id = users.id AND k.role = 'platform_admin' AND k.revoked_at IS NULL);

-- NULL: everything that the role may do.
ALTER TABLE api_keys ADD COLUMN permissions TEXT;
-- What the key that asked for a run allowed, as bits; NULL: everything.
ALTER TABLE executions ADD COLUMN executed_by_ceiling INTEGER;

CREATE TABLE roles (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  permissions TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization_id, name)
);

CREATE TABLE user_roles (
  user_id BLOB NOT NULL REFERENCES users (id),
  role_id BLOB NOT NULL REFERENCES roles (id),
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  PRIMARY KEY (user_id, role_id)
) WITHOUT ROWID;
CREATE INDEX user_roles_role ON user_roles (role_id);

-- What somebody may run without a permission for all.
CREATE TABLE grants (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  subject_kind TEXT NOT NULL CHECK (subject_kind IN ('user', 'role')),
  subject_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  target_id BLOB NOT NULL,
  created_by BLOB,
  created_at INTEGER NOT NULL,
  UNIQUE (organization_id, subject_kind, subject_id, kind, target_id)
);
CREATE INDEX grants_target ON grants (organization_id, kind, target_id);

CREATE TABLE invitations (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  roles TEXT NOT NULL,
  token_hash BLOB NOT NULL UNIQUE,
  invited_by BLOB,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  accepted_at INTEGER,
  accepted_by BLOB
);
CREATE INDEX invitations_organization ON invitations (organization_id, id);
-- One that is open for each address.
CREATE UNIQUE INDEX invitations_open ON invitations (organization_id, email)
  WHERE revoked_at IS NULL AND accepted_at IS NULL;

-- Entries that are committed with their mutation and wait to be chained. NULL: the provider's.
CREATE TABLE audit_outbox (
  id INTEGER PRIMARY KEY,
  organization_id BLOB,
  entry TEXT NOT NULL
);

-- The end of each organization's chain, and where retention has cut its beginning off.
CREATE TABLE audit_chains (
  organization_id BLOB PRIMARY KEY NOT NULL,
  sequence INTEGER NOT NULL,
  hash BLOB NOT NULL,
  pruned_sequence INTEGER NOT NULL DEFAULT 0,
  pruned_hash BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit_log (
  organization_id BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor_id BLOB,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT,
  -- The whole entry, as it was hashed.
  entry TEXT NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (organization_id, sequence)
) WITHOUT ROWID;
CREATE INDEX audit_log_at ON audit_log (organization_id, at);
CREATE INDEX audit_log_actor ON audit_log (organization_id, actor, sequence);
CREATE INDEX audit_log_action ON audit_log (organization_id, action, sequence);
CREATE INDEX audit_log_target ON audit_log (organization_id, target, sequence);

-- Append only, whoever writes: nothing is changed, and only what retention has cut off goes.
CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append only');
END;
CREATE TRIGGER audit_log_is_not_deleted BEFORE DELETE ON audit_log
WHEN OLD.sequence > coalesce(
  (SELECT pruned_sequence FROM audit_chains c WHERE c.organization_id = OLD.organization_id), 0)
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append only');
END;
