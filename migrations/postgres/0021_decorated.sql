-- Endpoints that stand in a workspace's code, and schedules that emit a topic.

ALTER TABLE endpoints ADD COLUMN source text NOT NULL DEFAULT 'api' CHECK (source IN ('decorator', 'api'));
CREATE UNIQUE INDEX endpoints_decorator ON endpoints (workflow_id) WHERE source = 'decorator';
-- The provider's workspace belongs to no organization; its endpoints are the provider's own.
CREATE POLICY provider ON organizations FOR SELECT USING (is_provider AND (SELECT bifrost_is_global()));
CREATE POLICY own ON endpoints
  USING ((SELECT bifrost_is_global()) AND organization_id = (SELECT id FROM organizations WHERE is_provider));

ALTER TABLE schedules ALTER COLUMN workflow_id DROP NOT NULL;
ALTER TABLE schedules ADD COLUMN topic text;
ALTER TABLE schedules ADD CONSTRAINT schedules_starts CHECK ((workflow_id IS NULL) <> (topic IS NULL));
