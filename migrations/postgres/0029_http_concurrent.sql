-- Fifty gathered requests go at once: what was the default becomes the new one.
SELECT set_config('bifrost.org', '*', true);
UPDATE organizations SET limits = jsonb_set(limits::jsonb, '{http_concurrent}', '64')::json
WHERE limits ->> 'http_concurrent' = '20';
