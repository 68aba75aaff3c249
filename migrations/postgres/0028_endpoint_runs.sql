-- The endpoint that was called for a run.
ALTER TABLE executions ADD COLUMN endpoint_id uuid;
