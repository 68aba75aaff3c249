-- Who is told of what, where, and what was told; and the time that workflows have saved.

CREATE TABLE notification_channels (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('email', 'webhook')),
  -- Of mail.
  addresses TEXT NOT NULL,
  -- Of a webhook.
  url TEXT,
  -- Also errors that are for developers.
  full_errors INTEGER NOT NULL,
  is_enabled INTEGER NOT NULL,
  -- Nothing is sent before this, so that what happens meanwhile shares one message.
  next_at INTEGER NOT NULL,
  sent_at INTEGER,
  -- The last message that did not arrive, and why; NULL once one has.
  failed_at INTEGER,
  error TEXT,
  tested_at INTEGER,
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization_id, name)
);

-- What webhooks are signed with.
CREATE TABLE notification_secrets (
  channel_id BLOB PRIMARY KEY NOT NULL REFERENCES notification_channels (id),
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  scope_id BLOB NOT NULL GENERATED ALWAYS AS (organization_id) STORED,
  -- Binds the ciphertext to this row, as all that data keys encrypt is bound.
  sealed_as TEXT NOT NULL,
  ciphertext BLOB NOT NULL,
  key_version INTEGER NOT NULL,
  FOREIGN KEY (scope_id, key_version) REFERENCES data_keys (scope_id, version)
);
CREATE INDEX notification_secrets_organization ON notification_secrets (organization_id);

CREATE TABLE notification_rules (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('run_failed', 'connection_broken', 'schedule_missed')),
  -- Of runs: only these workflows; all where empty.
  workflows TEXT NOT NULL,
  -- Of runs: only those that a schedule asked for.
  only_scheduled INTEGER NOT NULL,
  -- Of runs: also those that ended with errors of their own.
  with_errors INTEGER NOT NULL,
  -- Told within the platform.
  in_app INTEGER NOT NULL,
  -- Ids of channels.
  channels TEXT NOT NULL,
  is_enabled INTEGER NOT NULL,
  created_by BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization_id, name)
);

-- What has happened, committed with it. NULL: to the provider's own.
CREATE TABLE notification_events (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB REFERENCES organizations (id),
  kind TEXT NOT NULL,
  subject_id BLOB NOT NULL,
  -- A run says the rest itself.
  execution_id BLOB,
  details TEXT,
  created_at INTEGER NOT NULL
);
CREATE INDEX notification_events_organization ON notification_events (organization_id);

-- What a channel has not been told yet, one row for each subject.
CREATE TABLE notification_items (
  channel_id BLOB NOT NULL REFERENCES notification_channels (id),
  kind TEXT NOT NULL,
  subject_id BLOB NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  -- 0: it was told of the last.
  count INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  details TEXT NOT NULL,
  -- Not told again before this.
  next_at INTEGER NOT NULL,
  PRIMARY KEY (channel_id, kind, subject_id)
);
CREATE INDEX notification_items_due ON notification_items (next_at) WHERE count > 0;
CREATE INDEX notification_items_organization ON notification_items (organization_id);

CREATE TABLE notification_messages (
  id BLOB PRIMARY KEY NOT NULL,
  channel_id BLOB NOT NULL REFERENCES notification_channels (id),
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  items TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  next_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER
);
-- One at a time, so that what a server that is away misses comes as one message.
CREATE UNIQUE INDEX notification_messages_pending ON notification_messages (channel_id) WHERE state = 'pending';
CREATE INDEX notification_messages_due ON notification_messages (next_at) WHERE state = 'pending';
CREATE INDEX notification_messages_ended ON notification_messages (ended_at) WHERE state <> 'pending';
CREATE INDEX notification_messages_organization ON notification_messages (organization_id);

-- Told within the platform, to whoever may know.
CREATE TABLE notifications (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  kind TEXT NOT NULL,
  subject_id BLOB NOT NULL,
  count INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  details TEXT NOT NULL
);
CREATE INDEX notifications_subject ON notifications (organization_id, kind, subject_id, last_at);
CREATE INDEX notifications_latest ON notifications (organization_id, last_at, id);

-- Unread for everybody without a row that is as new as the notification.
CREATE TABLE notification_reads (
  notification_id BLOB NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
  user_id BLOB NOT NULL REFERENCES users (id),
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  read_at INTEGER NOT NULL,
  PRIMARY KEY (notification_id, user_id)
);
CREATE INDEX notification_reads_user ON notification_reads (user_id);
CREATE INDEX notification_reads_organization ON notification_reads (organization_id);

-- Kept when the runs are gone.
CREATE TABLE time_saved (
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  workflow_id BLOB NOT NULL REFERENCES workflows (id),
  -- Such as 2026-01, of UTC.
  month TEXT NOT NULL,
  runs INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  value_thousandths INTEGER NOT NULL,
  PRIMARY KEY (organization_id, month, workflow_id)
);
CREATE INDEX time_saved_workflow ON time_saved (workflow_id);

-- What nobody watches is told within the platform from the beginning.
INSERT INTO notification_rules (id, organization_id, name, kind, workflows, only_scheduled, with_errors, in_app, channels,
  is_enabled, created_at, updated_at)
SELECT randomblob(16), o.id, r.column1, r.column2, '[]', r.column3, false, true, '[]', true,
  CAST(unixepoch('subsec') * 1000000 AS INTEGER), CAST(unixepoch('subsec') * 1000000 AS INTEGER)
FROM organizations o CROSS JOIN (VALUES
  ('Scheduled runs that fail', 'run_failed', true),
  ('Connections that break', 'connection_broken', false),
  ('Schedules that are missed', 'schedule_missed', false)) AS r;
