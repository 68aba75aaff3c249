-- Review before a version goes live, folders that the provider shares, runs that start
-- runs, and the way out for an organization.

ALTER TABLE organizations ADD COLUMN requires_review INTEGER NOT NULL DEFAULT false;
-- It is being exported and deleted: nothing may be written for it any more.
ALTER TABLE organizations ADD COLUMN is_offboarding INTEGER NOT NULL DEFAULT false;

-- source_hash and object_key are what runs. Where shared files are a part of it, this is
-- where the files are that the version's author deployed.
ALTER TABLE versions ADD COLUMN own_key TEXT;
-- Of the shared files; NULL for none.
ALTER TABLE versions ADD COLUMN shared_hash TEXT;
-- NULL: it needed no review.
ALTER TABLE versions ADD COLUMN review TEXT CHECK (review IN ('proposed', 'approved', 'rejected'));
ALTER TABLE versions ADD COLUMN reviewed_by BLOB;
ALTER TABLE versions ADD COLUMN reviewed_at INTEGER;
ALTER TABLE versions ADD COLUMN review_comment TEXT;

-- Of the provider's workspace: what organizations may import, and the hash of these
-- files in the active version.
ALTER TABLE workspaces ADD COLUMN shared_folders TEXT NOT NULL DEFAULT '[]';
ALTER TABLE workspaces ADD COLUMN shared_hash TEXT;

-- The run that started it, the first of them all, and how many are in between.
ALTER TABLE executions ADD COLUMN parent_id BLOB;
ALTER TABLE executions ADD COLUMN root_id BLOB;
ALTER TABLE executions ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
-- Code of an organization had a part in starting it, so it stays in that organization.
ALTER TABLE executions ADD COLUMN is_confined INTEGER NOT NULL DEFAULT false;
CREATE INDEX executions_root ON executions (root_id) WHERE root_id IS NOT NULL;

-- Outlives the organization: what was exported, and the proof that nothing is left.
CREATE TABLE offboardings (
  id BLOB PRIMARY KEY NOT NULL,
  tenant_id BLOB NOT NULL UNIQUE,
  tenant_name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('exporting', 'deleting', 'done')),
  requested_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  finished_at INTEGER,
  progress TEXT NOT NULL
);
