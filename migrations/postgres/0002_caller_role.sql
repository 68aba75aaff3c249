-- What the caller of a run was allowed to do; runs of before count as an end user's.
ALTER TABLE executions ADD COLUMN executed_by_role text NOT NULL DEFAULT 'org_user';

-- Fuel is nanoseconds of processor time now; before, 18 units were one.
SELECT set_config('bifrost.org', '*', true);
UPDATE organizations SET limits = jsonb_set(limits::jsonb, '{fuel}', to_jsonb((limits ->> 'fuel')::bigint / 18))::json
WHERE limits ->> 'fuel' IS NOT NULL;
