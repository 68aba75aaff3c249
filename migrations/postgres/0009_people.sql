-- Roles, grants, invitations and the audit log.
-- Differs from ../sqlite in types, and in the row-level security at the end.

SELECT set_config('bifrost.org', '*', true);

ALTER TABLE users ADD COLUMN kind text NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'service'));
ALTER TABLE users ADD COLUMN role text NOT NULL DEFAULT 'org_user';
-- Until now only keys had a role: a person has the highest of theirs.
UPDATE users SET role = 'org_admin' WHERE EXISTS
  (SELECT 1 FROM api_keys k WHERE k.user_id = users.id AND k.role = 'org_admin' AND k.revoked_at IS NULL);
UPDATE users SET role = 'platform_admin' WHERE EXISTS
  (SELECT 1 FROM api_keys k WHERE k.user_id = users.id AND k.role = 'platform_admin' AND k.revoked_at IS NULL);

-- NULL: everything that the role may do.
ALTER TABLE api_keys ADD COLUMN permissions json;
-- What the key that asked for a run allowed, as bits; NULL: everything.
ALTER TABLE executions ADD COLUMN executed_by_ceiling bigint;

CREATE TABLE roles (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  description text NOT NULL,
  permissions json NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (organization_id, name)
);

CREATE TABLE user_roles (
  user_id uuid NOT NULL REFERENCES users (id),
  role_id uuid NOT NULL REFERENCES roles (id),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  PRIMARY KEY (user_id, role_id)
);
CREATE INDEX user_roles_role ON user_roles (role_id);

-- What somebody may run without a permission for all.
CREATE TABLE grants (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  subject_kind text NOT NULL CHECK (subject_kind IN ('user', 'role')),
  subject_id uuid NOT NULL,
  kind text NOT NULL,
  target_id uuid NOT NULL,
  created_by uuid,
  created_at timestamptz NOT NULL,
  UNIQUE (organization_id, subject_kind, subject_id, kind, target_id)
);
CREATE INDEX grants_target ON grants (organization_id, kind, target_id);

CREATE TABLE invitations (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  email text NOT NULL,
  name text NOT NULL,
  role text NOT NULL,
  roles json NOT NULL,
  token_hash bytea NOT NULL UNIQUE,
  invited_by uuid,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  accepted_at timestamptz,
  accepted_by uuid
);
CREATE INDEX invitations_organization ON invitations (organization_id, id);
-- One that is open for each address.
CREATE UNIQUE INDEX invitations_open ON invitations (organization_id, email)
  WHERE revoked_at IS NULL AND accepted_at IS NULL;

-- Entries that are committed with their mutation and wait to be chained. NULL: the provider's.
CREATE TABLE audit_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id uuid,
  entry text NOT NULL
);

-- The end of each organization's chain, and where retention has cut its beginning off.
CREATE TABLE audit_chains (
  organization_id uuid PRIMARY KEY,
  sequence bigint NOT NULL,
  hash bytea NOT NULL,
  pruned_sequence bigint NOT NULL DEFAULT 0,
  pruned_hash bytea NOT NULL
);

CREATE TABLE audit_log (
  organization_id uuid NOT NULL,
  sequence bigint NOT NULL,
  at timestamptz NOT NULL,
  actor_id uuid,
  actor text NOT NULL,
  action text COLLATE "C" NOT NULL,
  target text,
  -- The whole entry, as it was hashed.
  entry text NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (organization_id, sequence)
);
CREATE INDEX audit_log_at ON audit_log (organization_id, at);
CREATE INDEX audit_log_actor ON audit_log (organization_id, actor, sequence);
CREATE INDEX audit_log_action ON audit_log (organization_id, action, sequence);
CREATE INDEX audit_log_target ON audit_log (organization_id, target, sequence);

-- Append only, whoever writes: nothing is changed, and only what retention has cut off goes.
CREATE FUNCTION bifrost_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.sequence <= coalesce(
      (SELECT pruned_sequence FROM audit_chains c WHERE c.organization_id = OLD.organization_id), 0) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit log is append only';
END $$;
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION bifrost_audit_is_append_only();
CREATE FUNCTION bifrost_audit_is_not_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append only';
END $$;
CREATE TRIGGER audit_log_is_not_truncated BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION bifrost_audit_is_not_truncated();

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['roles', 'user_roles', 'grants', 'invitations'] LOOP
    EXECUTE format('CREATE POLICY tenant ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()))', t);
  END LOOP;
  -- Written by whoever does something, taken away by the one writer of the chains.
  CREATE POLICY system ON audit_outbox USING ((SELECT bifrost_is_system()));
  CREATE POLICY own ON audit_outbox FOR INSERT WITH CHECK (organization_id = (SELECT bifrost_org())
    OR (organization_id IS NULL AND (SELECT bifrost_is_global())));
  -- Read by their organization, written by the one writer.
  FOREACH t IN ARRAY ARRAY['audit_chains', 'audit_log'] LOOP
    EXECUTE format('CREATE POLICY system ON %I USING ((SELECT bifrost_is_system()))', t);
    EXECUTE format('CREATE POLICY own ON %I FOR SELECT USING (organization_id = (SELECT bifrost_org()))', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['roles', 'user_roles', 'grants', 'invitations', 'audit_outbox', 'audit_chains', 'audit_log'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;
