-- Tickets that the queue gave up on, and what was decided about their runs.

CREATE TABLE dead_letters (
  id BLOB PRIMARY KEY NOT NULL,
  execution_id BLOB NOT NULL,
  organization_id BLOB NOT NULL,
  -- The attempt that nobody managed to make.
  attempt INTEGER NOT NULL,
  -- The queue's own word for why it gave up.
  reason TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('retried', 'failed')),
  created_at INTEGER NOT NULL,
  -- The run that an administrator made of it.
  replayed_as BLOB,
  replayed_by BLOB,
  replayed_at INTEGER,
  UNIQUE (execution_id, attempt),
  CHECK ((replayed_as IS NULL) = (replayed_by IS NULL) AND (replayed_as IS NULL) = (replayed_at IS NULL))
);
CREATE INDEX dead_letters_organization ON dead_letters (organization_id, id);
