-- Fifty gathered requests go at once: what was the default becomes the new one.
UPDATE organizations SET limits = json_set(limits, '$.http_concurrent', 64)
WHERE limits ->> 'http_concurrent' = 20;
