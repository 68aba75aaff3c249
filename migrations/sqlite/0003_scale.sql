-- What the dispatcher, retries and schedules need of a run, who works, and who leads.

-- 0 interactive, 1 normal, 2 bulk.
ALTER TABLE executions ADD COLUMN priority INTEGER NOT NULL DEFAULT 1;
-- Not admitted earlier: deferred runs, and the pause before another attempt.
ALTER TABLE executions ADD COLUMN not_before INTEGER;
-- Attempts that ended with their worker.
ALTER TABLE executions ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;
-- The schedule that asked for it, and the instant it asked for.
ALTER TABLE executions ADD COLUMN schedule_id BLOB;
ALTER TABLE executions ADD COLUMN scheduled_for INTEGER;
CREATE UNIQUE INDEX executions_schedule ON executions (schedule_id, scheduled_for) WHERE schedule_id IS NOT NULL;
CREATE INDEX executions_deferred ON executions (not_before) WHERE status = 'Scheduled';
-- The backlog, as the dispatcher reads it: the head of each organization's line.
DROP INDEX executions_pending;
CREATE INDEX executions_pending ON executions (priority, organization_id, id) WHERE status = 'Pending';
CREATE INDEX executions_running ON executions (organization_id) WHERE lease_until IS NOT NULL;

-- Why an attempt after the first was made.
CREATE TABLE execution_attempts (
  execution_id BLOB NOT NULL,
  attempt INTEGER NOT NULL,
  organization_id BLOB NOT NULL,
  cause TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (execution_id, attempt)
) WITHOUT ROWID;

-- Runners that take runs from the queue, as they last said of themselves.
CREATE TABLE workers (
  id TEXT PRIMARY KEY NOT NULL,
  host TEXT NOT NULL,
  version TEXT NOT NULL,
  slots INTEGER NOT NULL,
  is_draining INTEGER NOT NULL DEFAULT false,
  started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
);

-- One holder per task; the token grows with each change of hands.
CREATE TABLE leaders (
  task TEXT PRIMARY KEY NOT NULL,
  holder TEXT NOT NULL,
  token INTEGER NOT NULL,
  held_until INTEGER NOT NULL
);
