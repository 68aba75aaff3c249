-- What the platform is called and looks like, and whom it asks for a second factor. One row at most; without it,
-- and where it says nothing, the defaults hold.

SELECT set_config('bifrost.org', '*', true);

CREATE TABLE platform_settings (
  id bigint PRIMARY KEY NOT NULL CHECK (id = 1),
  product_name text,
  -- #rrggbb
  accent text,
  logo bytea,
  logo_type text,
  -- Of the logo; tells one from another.
  logo_hash text,
  second_factor text NOT NULL DEFAULT 'off' CHECK (second_factor IN ('off', 'administrators', 'everyone'))
);

-- Of no tenant: only the platform itself sees it.
ALTER TABLE platform_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_settings FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON platform_settings USING ((SELECT bifrost_is_system()));

-- Begun with a second factor or a passkey, or by an identity provider, whose matter that is.
ALTER TABLE sessions ADD COLUMN is_strong boolean NOT NULL DEFAULT false;
UPDATE sessions SET is_strong = true WHERE method IN ('password+totp', 'password+recovery_code', 'passkey', 'oidc');
-- Whether the session that confirmed it was.
ALTER TABLE device_codes ADD COLUMN is_strong boolean NOT NULL DEFAULT false;
