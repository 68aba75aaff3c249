-- When a version last became active, and which workers have loaded it since.

ALTER TABLE versions ADD COLUMN activated_at INTEGER;
UPDATE versions SET activated_at = created_at;
CREATE INDEX versions_active ON versions (activated_at) WHERE state = 'active';

CREATE TABLE warm_versions (
  version_id BLOB NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
  worker_id TEXT NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
  warm_at INTEGER NOT NULL,
  -- Since the version became active, or since the worker started where that was later.
  took_ms INTEGER NOT NULL,
  PRIMARY KEY (version_id, worker_id)
) WITHOUT ROWID;
CREATE INDEX warm_versions_worker ON warm_versions (worker_id);
