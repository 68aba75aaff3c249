-- Workflows that start by the clock.

CREATE TABLE schedules (
  id uuid PRIMARY KEY,
  organization_id uuid REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')) STORED,
  workflow_id uuid NOT NULL REFERENCES workflows (id),
  source text NOT NULL CHECK (source IN ('decorator', 'api')),
  name text NOT NULL,
  cron text NOT NULL,
  time_zone text NOT NULL,
  overlap text NOT NULL CHECK (overlap IN ('skip', 'queue', 'replace')),
  catch_up text NOT NULL CHECK (catch_up IN ('none', 'last', 'all')),
  is_enabled boolean NOT NULL DEFAULT true,
  -- NULL: never again.
  next_at timestamptz,
  last_at timestamptz,
  last_execution uuid,
  -- Ticks that made no run, and why the last of them did not.
  skipped bigint NOT NULL DEFAULT 0,
  last_skipped_at timestamptz,
  last_skip_reason text,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  parameters json NOT NULL
);
CREATE INDEX schedules_scope ON schedules (scope_id, id);
CREATE INDEX schedules_workflow ON schedules (workflow_id);
CREATE UNIQUE INDEX schedules_decorator ON schedules (workflow_id) WHERE source = 'decorator';
CREATE INDEX schedules_due ON schedules (next_at) WHERE is_enabled;
-- Runs of a schedule that have not ended; few, however many there were.
CREATE INDEX executions_schedule_open ON executions (schedule_id, id)
  WHERE status IN ('Scheduled', 'Pending', 'Running', 'Waiting', 'Cancelling');

ALTER TABLE schedules ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedules FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON schedules
  USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org())
    OR (organization_id IS NULL AND (SELECT bifrost_is_global())));
-- Who deploys the provider's workspace has to see who depends on its workflows.
CREATE POLICY provider ON schedules FOR SELECT
  USING ((SELECT bifrost_is_global())
    AND EXISTS (SELECT 1 FROM workflows w WHERE w.id = workflow_id AND w.organization_id IS NULL));
