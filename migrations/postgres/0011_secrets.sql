-- Types of settings, sharing of global secrets, rotation of keys, and where workflows may
-- send requests.

SELECT set_config('bifrost.org', '*', true);

ALTER TABLE config ADD COLUMN type text NOT NULL DEFAULT 'json';
UPDATE config SET type = CASE
  WHEN is_secret THEN 'secret'
  WHEN json_typeof(value) = 'string' THEN 'string'
  WHEN json_typeof(value) = 'boolean' THEN 'bool'
  WHEN json_typeof(value) = 'number' AND value #>> '{}' ~ '^-?[0-9]{1,18}$' THEN 'int'
  ELSE 'json' END;

-- Global secrets that organizations' own workspaces may read.
CREATE TABLE config_shares (
  key text NOT NULL,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  shared_at timestamptz NOT NULL,
  shared_by uuid NOT NULL,
  PRIMARY KEY (key, organization_id)
);
CREATE INDEX config_shares_organization ON config_shares (organization_id, key);

-- Which master key wrapped a data key (NULL: from before they had ids), and during a change
-- of master keys the same data key wrapped by the next one.
ALTER TABLE data_keys ADD COLUMN key_id text;
ALTER TABLE data_keys ADD COLUMN next_wrapped bytea;
ALTER TABLE data_keys ADD COLUMN next_key_id text;
-- A data key that still encrypts something cannot be deleted.
ALTER TABLE config ADD CONSTRAINT config_data_key FOREIGN KEY (scope_id, key_version)
  REFERENCES data_keys (scope_id, version);

-- Rotations of data keys; one that has not finished is gone on with.
CREATE TABLE key_rotations (
  id uuid PRIMARY KEY,
  started_at timestamptz NOT NULL,
  finished_at timestamptz
);

CREATE TABLE egress_policies (
  organization_id uuid PRIMARY KEY REFERENCES organizations (id),
  policy json NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by uuid NOT NULL
);

-- What counts against quotas: requests of the latest minute, bytes of the latest day (both
-- since 1970, UTC).
CREATE TABLE egress_usage (
  organization_id uuid PRIMARY KEY REFERENCES organizations (id),
  minute bigint NOT NULL,
  requests bigint NOT NULL,
  day bigint NOT NULL,
  bytes bigint NOT NULL
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['config_shares', 'key_rotations', 'egress_policies', 'egress_usage'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY system ON %I USING ((SELECT bifrost_is_system()))', t);
  END LOOP;
END $$;

-- The provider shares; who was given something sees that.
CREATE POLICY owner ON config_shares USING ((SELECT bifrost_is_global()));
CREATE POLICY receiver ON config_shares FOR SELECT USING (organization_id = (SELECT bifrost_org()));
-- A tenant knows its policy and cannot change it.
CREATE POLICY own ON egress_policies FOR SELECT USING (organization_id = (SELECT bifrost_org()));
CREATE POLICY own ON egress_usage USING (organization_id = (SELECT bifrost_org()));

-- A global secret is for a tenant only where it was shared with it, and then its data key
-- is needed too; without a master key that is worth nothing.
DROP POLICY global ON config;
CREATE POLICY global ON config FOR SELECT
  USING (organization_id IS NULL AND (SELECT bifrost_org()) IS NOT NULL
    AND (NOT is_secret OR EXISTS (SELECT 1 FROM config_shares s
      WHERE s.key = config.key AND s.organization_id = (SELECT bifrost_org()))));
CREATE POLICY shared ON data_keys FOR SELECT
  USING (organization_id IS NULL AND EXISTS (SELECT 1 FROM config_shares s
    WHERE s.organization_id = (SELECT bifrost_org())));
