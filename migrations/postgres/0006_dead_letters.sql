-- Tickets that the queue gave up on, and what was decided about their runs.

CREATE TABLE dead_letters (
  id uuid PRIMARY KEY,
  execution_id uuid NOT NULL,
  organization_id uuid NOT NULL,
  -- The attempt that nobody managed to make.
  attempt bigint NOT NULL,
  -- The queue's own word for why it gave up.
  reason text NOT NULL,
  state text NOT NULL CHECK (state IN ('retried', 'failed')),
  created_at timestamptz NOT NULL,
  -- The run that an administrator made of it.
  replayed_as uuid,
  replayed_by uuid,
  replayed_at timestamptz,
  UNIQUE (execution_id, attempt),
  CHECK ((replayed_as IS NULL) = (replayed_by IS NULL) AND (replayed_as IS NULL) = (replayed_at IS NULL))
);
CREATE INDEX dead_letters_organization ON dead_letters (organization_id, id);

ALTER TABLE dead_letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE dead_letters FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON dead_letters
  USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()));
