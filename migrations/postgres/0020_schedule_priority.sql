-- When the turn of a schedule's runs comes.
ALTER TABLE schedules ADD COLUMN priority text NOT NULL DEFAULT 'normal' CHECK (priority IN ('normal', 'bulk'));
