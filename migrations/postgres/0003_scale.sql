-- What the dispatcher, retries and schedules need of a run, who works, and who leads.

-- 0 interactive, 1 normal, 2 bulk.
ALTER TABLE executions ADD COLUMN priority bigint NOT NULL DEFAULT 1;
-- Not admitted earlier: deferred runs, and the pause before another attempt.
ALTER TABLE executions ADD COLUMN not_before timestamptz;
-- Attempts that ended with their worker.
ALTER TABLE executions ADD COLUMN losses bigint NOT NULL DEFAULT 0;
-- The schedule that asked for it, and the instant it asked for.
ALTER TABLE executions ADD COLUMN schedule_id uuid;
ALTER TABLE executions ADD COLUMN scheduled_for timestamptz;
CREATE UNIQUE INDEX executions_schedule ON executions (schedule_id, scheduled_for) WHERE schedule_id IS NOT NULL;
CREATE INDEX executions_deferred ON executions (not_before) WHERE status = 'Scheduled';
-- The backlog, as the dispatcher reads it: the head of each organization's line.
DROP INDEX executions_pending;
CREATE INDEX executions_pending ON executions (priority, organization_id, id) WHERE status = 'Pending';
CREATE INDEX executions_running ON executions (organization_id) WHERE lease_until IS NOT NULL;

-- Why an attempt after the first was made.
CREATE TABLE execution_attempts (
  execution_id uuid NOT NULL,
  attempt bigint NOT NULL,
  organization_id uuid NOT NULL,
  cause text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (execution_id, attempt)
);

-- Runners that take runs from the queue, as they last said of themselves.
CREATE TABLE workers (
  id text PRIMARY KEY NOT NULL,
  host text NOT NULL,
  version text NOT NULL,
  slots bigint NOT NULL,
  is_draining boolean NOT NULL DEFAULT false,
  started_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL
);

-- One holder per task; the token grows with each change of hands.
CREATE TABLE leaders (
  task text PRIMARY KEY NOT NULL,
  holder text NOT NULL,
  token bigint NOT NULL,
  held_until timestamptz NOT NULL
);

ALTER TABLE execution_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE execution_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON execution_attempts
  USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()));

-- Of no tenant: only the platform itself sees these.
ALTER TABLE workers ENABLE ROW LEVEL SECURITY;
ALTER TABLE workers FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON workers USING ((SELECT bifrost_is_system()));
ALTER TABLE leaders ENABLE ROW LEVEL SECURITY;
ALTER TABLE leaders FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON leaders USING ((SELECT bifrost_is_system()));
