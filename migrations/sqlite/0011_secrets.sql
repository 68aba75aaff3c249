-- Types of settings, sharing of global secrets, rotation of keys, and where workflows may
-- send requests.

ALTER TABLE config ADD COLUMN type TEXT NOT NULL DEFAULT 'json';
UPDATE config SET type = CASE
  WHEN is_secret THEN 'secret'
  WHEN json_type(value) = 'text' THEN 'string'
  WHEN json_type(value) IN ('true', 'false') THEN 'bool'
  WHEN json_type(value) = 'integer' AND typeof(json_extract(value, '$')) = 'integer' THEN 'int'
  ELSE 'json' END;

-- Global secrets that organizations' own workspaces may read.
CREATE TABLE config_shares (
  key TEXT NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  shared_at INTEGER NOT NULL,
  shared_by BLOB NOT NULL,
  PRIMARY KEY (key, organization_id)
) WITHOUT ROWID;
CREATE INDEX config_shares_organization ON config_shares (organization_id, key);

-- Which master key wrapped a data key (NULL: from before they had ids), and during a change
-- of master keys the same data key wrapped by the next one.
ALTER TABLE data_keys ADD COLUMN key_id TEXT;
ALTER TABLE data_keys ADD COLUMN next_wrapped BLOB;
ALTER TABLE data_keys ADD COLUMN next_key_id TEXT;

-- Rotations of data keys; one that has not finished is gone on with.
CREATE TABLE key_rotations (
  id BLOB PRIMARY KEY NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER
);

CREATE TABLE egress_policies (
  organization_id BLOB PRIMARY KEY NOT NULL REFERENCES organizations (id),
  policy TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by BLOB NOT NULL
);

-- What counts against quotas: requests of the latest minute, bytes of the latest day (both
-- since 1970, UTC).
CREATE TABLE egress_usage (
  organization_id BLOB PRIMARY KEY NOT NULL REFERENCES organizations (id),
  minute INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  day INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);
