-- When the turn of a schedule's runs comes.
ALTER TABLE schedules ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('normal', 'bulk'));
