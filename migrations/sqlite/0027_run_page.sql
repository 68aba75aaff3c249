-- What a run's page tells: its calls over HTTP, its attempts, what it used of its limits, and the runs that it led to.

-- Who took the last attempt, and when.
ALTER TABLE executions ADD COLUMN attempt_worker TEXT;
ALTER TABLE executions ADD COLUMN attempt_started_at INTEGER;
-- What it used of its limits, and these limits, at its end.
ALTER TABLE executions ADD COLUMN metering TEXT;
CREATE INDEX executions_parent ON executions (parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX executions_rerun ON executions (rerun_of, id) WHERE rerun_of IS NOT NULL;

-- Who took the attempt before, and when.
ALTER TABLE execution_attempts ADD COLUMN worker TEXT;
ALTER TABLE execution_attempts ADD COLUMN started_at INTEGER;

-- The HTTP calls of an attempt that made any.
CREATE TABLE execution_calls (
  execution_id BLOB NOT NULL,
  attempt INTEGER NOT NULL,
  organization_id BLOB NOT NULL,
  calls TEXT NOT NULL,
  -- How many more there were.
  left_out INTEGER NOT NULL,
  PRIMARY KEY (execution_id, attempt)
);
