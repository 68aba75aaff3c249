-- What the caller of a run was allowed to do; runs of before count as an end user's.
ALTER TABLE executions ADD COLUMN executed_by_role TEXT NOT NULL DEFAULT 'org_user';

-- Fuel is nanoseconds of processor time now; before, 18 units were one.
UPDATE organizations SET limits = json_set(limits, '$.fuel', CAST(limits ->> 'fuel' AS INTEGER) / 18)
WHERE limits ->> 'fuel' IS NOT NULL;
