-- People are told of deliveries that failed for good, of adapters' subscriptions that were given up, and of tokens
-- that expired without anything to renew them.

SELECT set_config('bifrost.org', '*', true);

ALTER TABLE notification_rules DROP CONSTRAINT notification_rules_kind_check,
  ADD CONSTRAINT notification_rules_kind_check
  CHECK (kind IN ('run_failed', 'connection_broken', 'schedule_missed', 'delivery_failed', 'webhook_broken'));

-- What nobody watches is told within the platform. A rule that somebody has called so stays.
INSERT INTO notification_rules (id, organization_id, name, kind, workflows, only_scheduled, with_errors, in_app, channels,
  is_enabled, created_at, updated_at)
SELECT gen_random_uuid(), o.id, r.name, r.kind, '[]', false, false, true, '[]', true, now(), now()
FROM organizations o CROSS JOIN (VALUES
  ('Deliveries that fail', 'delivery_failed'),
  ('Webhooks that break', 'webhook_broken')) AS r (name, kind)
ON CONFLICT (organization_id, name) DO NOTHING;

-- What nothing renews is looked at when it is over.
UPDATE oauth_connections SET refresh_at = expires_at
WHERE status = 'connected' AND NOT has_refresh AND refresh_at IS NULL AND expires_at IS NOT NULL;
