-- Who is told of what, where, and what was told; and the time that workflows have saved.

SELECT set_config('bifrost.org', '*', true);

CREATE TABLE notification_channels (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('email', 'webhook')),
  -- Of mail.
  addresses json NOT NULL,
  -- Of a webhook.
  url text,
  -- Also errors that are for developers.
  full_errors boolean NOT NULL,
  is_enabled boolean NOT NULL,
  -- Nothing is sent before this, so that what happens meanwhile shares one message.
  next_at timestamptz NOT NULL,
  sent_at timestamptz,
  -- The last message that did not arrive, and why; NULL once one has.
  failed_at timestamptz,
  error text,
  tested_at timestamptz,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (organization_id, name)
);

-- What webhooks are signed with.
CREATE TABLE notification_secrets (
  channel_id uuid PRIMARY KEY REFERENCES notification_channels (id),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  scope_id uuid NOT NULL GENERATED ALWAYS AS (organization_id) STORED,
  -- Binds the ciphertext to this row, as all that data keys encrypt is bound.
  sealed_as text NOT NULL,
  ciphertext bytea NOT NULL,
  key_version bigint NOT NULL,
  FOREIGN KEY (scope_id, key_version) REFERENCES data_keys (scope_id, version)
);
CREATE INDEX notification_secrets_organization ON notification_secrets (organization_id);

CREATE TABLE notification_rules (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('run_failed', 'connection_broken', 'schedule_missed')),
  -- Of runs: only these workflows; all where empty.
  workflows json NOT NULL,
  -- Of runs: only those that a schedule asked for.
  only_scheduled boolean NOT NULL,
  -- Of runs: also those that ended with errors of their own.
  with_errors boolean NOT NULL,
  -- Told within the platform.
  in_app boolean NOT NULL,
  -- Ids of channels.
  channels json NOT NULL,
  is_enabled boolean NOT NULL,
  created_by uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (organization_id, name)
);

-- What has happened, committed with it. NULL: to the provider's own.
CREATE TABLE notification_events (
  id uuid PRIMARY KEY,
  organization_id uuid REFERENCES organizations (id),
  kind text NOT NULL,
  subject_id uuid NOT NULL,
  -- A run says the rest itself.
  execution_id uuid,
  details json,
  created_at timestamptz NOT NULL
);
CREATE INDEX notification_events_organization ON notification_events (organization_id);

-- What a channel has not been told yet, one row for each subject.
CREATE TABLE notification_items (
  channel_id uuid NOT NULL REFERENCES notification_channels (id),
  kind text NOT NULL,
  subject_id uuid NOT NULL,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  -- 0: it was told of the last.
  count bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  details json NOT NULL,
  -- Not told again before this.
  next_at timestamptz NOT NULL,
  PRIMARY KEY (channel_id, kind, subject_id)
);
CREATE INDEX notification_items_due ON notification_items (next_at) WHERE count > 0;
CREATE INDEX notification_items_organization ON notification_items (organization_id);

CREATE TABLE notification_messages (
  id uuid PRIMARY KEY,
  channel_id uuid NOT NULL REFERENCES notification_channels (id),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  items json NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
  attempts bigint NOT NULL DEFAULT 0,
  error text,
  next_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  ended_at timestamptz
);
-- One at a time, so that what a server that is away misses comes as one message.
CREATE UNIQUE INDEX notification_messages_pending ON notification_messages (channel_id) WHERE state = 'pending';
CREATE INDEX notification_messages_due ON notification_messages (next_at) WHERE state = 'pending';
CREATE INDEX notification_messages_ended ON notification_messages (ended_at) WHERE state <> 'pending';
CREATE INDEX notification_messages_organization ON notification_messages (organization_id);

-- Told within the platform, to whoever may know.
CREATE TABLE notifications (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  kind text NOT NULL,
  subject_id uuid NOT NULL,
  count bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  details json NOT NULL
);
CREATE INDEX notifications_subject ON notifications (organization_id, kind, subject_id, last_at);
CREATE INDEX notifications_latest ON notifications (organization_id, last_at, id);

-- Unread for everybody without a row that is as new as the notification.
CREATE TABLE notification_reads (
  notification_id uuid NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users (id),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  read_at timestamptz NOT NULL,
  PRIMARY KEY (notification_id, user_id)
);
CREATE INDEX notification_reads_user ON notification_reads (user_id);
CREATE INDEX notification_reads_organization ON notification_reads (organization_id);

-- Kept when the runs are gone.
CREATE TABLE time_saved (
  organization_id uuid NOT NULL REFERENCES organizations (id),
  workflow_id uuid NOT NULL REFERENCES workflows (id),
  -- Such as 2026-01, of UTC.
  month text COLLATE "C" NOT NULL,
  runs bigint NOT NULL,
  seconds bigint NOT NULL,
  value_thousandths bigint NOT NULL,
  PRIMARY KEY (organization_id, month, workflow_id)
);
CREATE INDEX time_saved_workflow ON time_saved (workflow_id);

-- What nobody watches is told within the platform from the beginning.
INSERT INTO notification_rules (id, organization_id, name, kind, workflows, only_scheduled, with_errors, in_app, channels,
  is_enabled, created_at, updated_at)
SELECT gen_random_uuid(), o.id, r.name, r.kind, '[]', r.only_scheduled, false, true, '[]', true, now(), now()
FROM organizations o CROSS JOIN (VALUES
  ('Scheduled runs that fail', 'run_failed', true),
  ('Connections that break', 'connection_broken', false),
  ('Schedules that are missed', 'schedule_missed', false)) AS r (name, kind, only_scheduled);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['notification_channels', 'notification_secrets', 'notification_rules', 'notification_items',
      'notification_messages', 'notifications', 'notification_reads', 'time_saved'] LOOP
    EXECUTE format('CREATE POLICY tenant ON %I
      USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org()))', t);
  END LOOP;
  CREATE POLICY own ON notification_events
    USING ((SELECT bifrost_is_system()) OR organization_id = (SELECT bifrost_org())
      OR (organization_id IS NULL AND (SELECT bifrost_is_global())));
  FOREACH t IN ARRAY ARRAY['notification_channels', 'notification_secrets', 'notification_rules', 'notification_events',
      'notification_items', 'notification_messages', 'notifications', 'notification_reads', 'time_saved'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;
