-- The trace of the request that asked for a run: a W3C traceparent.
ALTER TABLE executions ADD COLUMN trace_parent TEXT;
