-- Workflows that start by the clock.

CREATE TABLE schedules (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, x'00000000000000000000000000000000')) STORED,
  workflow_id BLOB NOT NULL REFERENCES workflows (id),
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
  -- Ticks that made no run, and why the last of them did not.
  skipped INTEGER NOT NULL DEFAULT 0,
  last_skipped_at INTEGER,
  last_skip_reason TEXT,
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  parameters TEXT NOT NULL
);
CREATE INDEX schedules_scope ON schedules (scope_id, id);
CREATE INDEX schedules_workflow ON schedules (workflow_id);
CREATE UNIQUE INDEX schedules_decorator ON schedules (workflow_id) WHERE source = 'decorator';
CREATE INDEX schedules_due ON schedules (next_at) WHERE is_enabled;
-- Runs of a schedule that have not ended; few, however many there were.
CREATE INDEX executions_schedule_open ON executions (schedule_id, id)
  WHERE status IN ('Scheduled', 'Pending', 'Running', 'Waiting', 'Cancelling');
