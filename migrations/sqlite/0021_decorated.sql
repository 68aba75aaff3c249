-- Endpoints that stand in a workspace's code, and schedules that emit a topic.

ALTER TABLE endpoints ADD COLUMN source TEXT NOT NULL DEFAULT 'api' CHECK (source IN ('decorator', 'api'));
CREATE UNIQUE INDEX endpoints_decorator ON endpoints (workflow_id) WHERE source = 'decorator';

-- A constraint is changed by making the table anew.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE schedules_before AS SELECT * FROM schedules;
DROP TABLE schedules;
CREATE TABLE schedules (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, x'00000000000000000000000000000000')) STORED,
  -- One of both.
  workflow_id BLOB REFERENCES workflows (id),
  topic TEXT,
  source TEXT NOT NULL CHECK (source IN ('decorator', 'api')),
  name TEXT NOT NULL,
  cron TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  overlap TEXT NOT NULL CHECK (overlap IN ('skip', 'queue', 'replace')),
  catch_up TEXT NOT NULL CHECK (catch_up IN ('none', 'last', 'all')),
  is_enabled INTEGER NOT NULL DEFAULT true,
  -- NULL: never again.
  next_at INTEGER,
  last_at INTEGER,
  last_execution BLOB,
  -- Ticks that made nothing, and why the last of them did not.
  skipped INTEGER NOT NULL DEFAULT 0,
  last_skipped_at INTEGER,
  last_skip_reason TEXT,
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  parameters TEXT NOT NULL,
  priority TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('normal', 'bulk')),
  CHECK ((workflow_id IS NULL) <> (topic IS NULL))
);
INSERT INTO schedules (id, organization_id, workflow_id, source, name, cron, time_zone, overlap, catch_up, is_enabled,
    next_at, last_at, last_execution, skipped, last_skipped_at, last_skip_reason, created_by, created_at, updated_at,
    parameters, priority)
  SELECT id, organization_id, workflow_id, source, name, cron, time_zone, overlap, catch_up, is_enabled,
    next_at, last_at, last_execution, skipped, last_skipped_at, last_skip_reason, created_by, created_at, updated_at,
    parameters, priority
  FROM schedules_before;
DROP TABLE schedules_before;
CREATE INDEX schedules_scope ON schedules (scope_id, id);
CREATE INDEX schedules_workflow ON schedules (workflow_id);
CREATE UNIQUE INDEX schedules_decorator ON schedules (workflow_id) WHERE source = 'decorator';
CREATE INDEX schedules_due ON schedules (next_at) WHERE is_enabled;
