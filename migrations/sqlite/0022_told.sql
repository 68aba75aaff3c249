-- People are told of deliveries that failed for good, of adapters' subscriptions that were given up, and of tokens
-- that expired without anything to renew them.

-- SQLite changes no CHECK.
CREATE TABLE notification_rules_after (
  id BLOB PRIMARY KEY NOT NULL,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('run_failed', 'connection_broken', 'schedule_missed', 'delivery_failed', 'webhook_broken')),
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
INSERT INTO notification_rules_after (id, organization_id, name, kind, workflows, only_scheduled, with_errors, in_app,
  channels, is_enabled, created_by, created_at, updated_at)
SELECT id, organization_id, name, kind, workflows, only_scheduled, with_errors, in_app, channels, is_enabled, created_by,
  created_at, updated_at FROM notification_rules;
DROP TABLE notification_rules;
ALTER TABLE notification_rules_after RENAME TO notification_rules;

-- What nobody watches is told within the platform. A rule that somebody has called so stays.
INSERT INTO notification_rules (id, organization_id, name, kind, workflows, only_scheduled, with_errors, in_app, channels,
  is_enabled, created_at, updated_at)
SELECT randomblob(16), o.id, r.column1, r.column2, '[]', false, false, true, '[]', true,
  CAST(unixepoch('subsec') * 1000000 AS INTEGER), CAST(unixepoch('subsec') * 1000000 AS INTEGER)
FROM organizations o CROSS JOIN (VALUES
  ('Deliveries that fail', 'delivery_failed'),
  ('Webhooks that break', 'webhook_broken')) AS r
WHERE true
ON CONFLICT (organization_id, name) DO NOTHING;

-- What nothing renews is looked at when it is over.
UPDATE oauth_connections SET refresh_at = expires_at
WHERE status = 'connected' AND NOT has_refresh AND refresh_at IS NULL AND expires_at IS NOT NULL;
