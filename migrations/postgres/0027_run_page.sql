-- What a run's page tells: its calls over HTTP, its attempts, what it used of its limits, and the runs that it led to.

-- Who took the last attempt, and when.
ALTER TABLE executions ADD COLUMN attempt_worker text;
ALTER TABLE executions ADD COLUMN attempt_started_at timestamptz;
-- What it used of its limits, and these limits, at its end.
ALTER TABLE executions ADD COLUMN metering json;
CREATE INDEX executions_parent ON executions (parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX executions_rerun ON executions (rerun_of, id) WHERE rerun_of IS NOT NULL;

-- Who took the attempt before, and when.
ALTER TABLE execution_attempts ADD COLUMN worker text;
ALTER TABLE execution_attempts ADD COLUMN started_at timestamptz;

-- The HTTP calls of an attempt that made any.
CREATE TABLE execution_calls (
  execution_id uuid NOT NULL,
  attempt bigint NOT NULL,
  organization_id uuid NOT NULL,
  calls json NOT NULL,
  -- How many more there were.
  left_out bigint NOT NULL,
  PRIMARY KEY (execution_id, attempt)
);

ALTER TABLE execution_calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE execution_calls FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON execution_calls
  USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()));
