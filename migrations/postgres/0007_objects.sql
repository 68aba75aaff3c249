-- Large documents and long logs of runs are objects; their rows keep the names.
ALTER TABLE executions ADD COLUMN parameters_object text;
ALTER TABLE executions ADD COLUMN result_object text;
ALTER TABLE executions ADD COLUMN variables_object text;
ALTER TABLE executions ADD COLUMN log_object text;
-- The run has ended with a long log, and lines of it are still rows.
ALTER TABLE executions ADD COLUMN has_long_log boolean NOT NULL DEFAULT false;
CREATE INDEX executions_long_log ON executions (id) WHERE has_long_log;
