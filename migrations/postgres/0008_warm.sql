-- When a version last became active, and which workers have loaded it since.

ALTER TABLE versions ADD COLUMN activated_at timestamptz;
SELECT set_config('bifrost.org', '*', true);
UPDATE versions SET activated_at = created_at;
CREATE INDEX versions_active ON versions (activated_at) WHERE state = 'active';

CREATE TABLE warm_versions (
  version_id uuid NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
  worker_id text NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
  warm_at timestamptz NOT NULL,
  -- Since the version became active, or since the worker started where that was later.
  took_ms bigint NOT NULL,
  PRIMARY KEY (version_id, worker_id)
);
CREATE INDEX warm_versions_worker ON warm_versions (worker_id);

-- Of no tenant: only the platform itself sees these.
ALTER TABLE warm_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE warm_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON warm_versions USING ((SELECT bifrost_is_system()));
