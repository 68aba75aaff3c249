-- Review before a version goes live, folders that the provider shares, runs that start
-- runs, and the way out for an organization.

ALTER TABLE organizations ADD COLUMN requires_review boolean NOT NULL DEFAULT false;
-- It is being exported and deleted: nothing may be written for it any more.
ALTER TABLE organizations ADD COLUMN is_offboarding boolean NOT NULL DEFAULT false;

-- source_hash and object_key are what runs. Where shared files are a part of it, this is
-- where the files are that the version's author deployed.
ALTER TABLE versions ADD COLUMN own_key text;
-- Of the shared files; NULL for none.
ALTER TABLE versions ADD COLUMN shared_hash text;
-- NULL: it needed no review.
ALTER TABLE versions ADD COLUMN review text CHECK (review IN ('proposed', 'approved', 'rejected'));
ALTER TABLE versions ADD COLUMN reviewed_by uuid;
ALTER TABLE versions ADD COLUMN reviewed_at timestamptz;
ALTER TABLE versions ADD COLUMN review_comment text;

-- Of the provider's workspace: what organizations may import, and the hash of these
-- files in the active version.
ALTER TABLE workspaces ADD COLUMN shared_folders json NOT NULL DEFAULT '[]';
ALTER TABLE workspaces ADD COLUMN shared_hash text;

-- The run that started it, the first of them all, and how many are in between.
ALTER TABLE executions ADD COLUMN parent_id uuid;
ALTER TABLE executions ADD COLUMN root_id uuid;
ALTER TABLE executions ADD COLUMN depth bigint NOT NULL DEFAULT 0;
-- Code of an organization had a part in starting it, so it stays in that organization.
ALTER TABLE executions ADD COLUMN is_confined boolean NOT NULL DEFAULT false;
CREATE INDEX executions_root ON executions (root_id) WHERE root_id IS NOT NULL;

-- Outlives the organization: what was exported, and the proof that nothing is left.
CREATE TABLE offboardings (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL UNIQUE,
  tenant_name text NOT NULL,
  state text NOT NULL CHECK (state IN ('exporting', 'deleting', 'done')),
  requested_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  finished_at timestamptz,
  progress json NOT NULL
);
ALTER TABLE offboardings ENABLE ROW LEVEL SECURITY;
ALTER TABLE offboardings FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON offboardings USING ((SELECT bifrost_is_system()));
