-- What the platform is called and looks like, and whom it asks for a second factor. One row at most; without it,
-- and where it says nothing, the defaults hold.

CREATE TABLE platform_settings (
  id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
  product_name TEXT,
  -- #rrggbb
  accent TEXT,
  logo BLOB,
  logo_type TEXT,
  -- Of the logo; tells one from another.
  logo_hash TEXT,
  second_factor TEXT NOT NULL DEFAULT 'off' CHECK (second_factor IN ('off', 'administrators', 'everyone'))
);

-- Begun with a second factor or a passkey, or by an identity provider, whose matter that is.
ALTER TABLE sessions ADD COLUMN is_strong INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET is_strong = 1 WHERE method IN ('password+totp', 'password+recovery_code', 'passkey', 'oidc');
-- Whether the session that confirmed it was.
ALTER TABLE device_codes ADD COLUMN is_strong INTEGER NOT NULL DEFAULT 0;
