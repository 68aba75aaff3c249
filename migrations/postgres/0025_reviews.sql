-- Versions that wait for a review, of all organizations at once.
CREATE INDEX versions_proposed ON versions (created_at, id) WHERE review = 'proposed';
