/** Where one is, whom it is about, and who one is. */
import { Link } from '@tanstack/react-router';
import { CircleUser, Info, LogOut, Menu as MenuIcon, Monitor, Moon, Search, Sun, Unplug, UserRound } from 'lucide-react';
import { useMe } from '@/api/session';
import { later } from '@/lib/later';
import { setTheme, THEMES, useTheme, type Theme } from '@/lib/theme';
import { Button } from '@/ui/button';
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLink, MenuSeparator } from '@/ui/menu';
import { Tip } from '@/ui/tip';
import { useLiveState } from './live';
import { Scope } from './scope';
import { useSignOut } from './use-sign-out';

const Bell = later(() => import('./bell'));

export function TopBar({ onMenu, onSearch }: { onMenu: () => void; onSearch: () => void }) {
  return (
    <header className="sticky top-0 z-30 flex h-13 shrink-0 items-center gap-2 border-b bg-canvas/90 px-3 backdrop-blur sm:px-4 lg:px-6">
      <Button look="quiet" size="icon" aria-label="Open the navigation" className="lg:hidden" onClick={onMenu}>
        <MenuIcon aria-hidden />
      </Button>
      <Scope />
      <LiveBadge />
      <div className="ml-auto flex items-center gap-1">
        <Button look="plain" onClick={onSearch} className="text-muted max-sm:hidden">
          <Search aria-hidden />
          <span className="font-normal">Search…</span>
          <kbd className="ml-4 rounded border bg-sunken px-1 font-sans text-2xs text-muted">Ctrl K</kbd>
        </Button>
        <Button look="quiet" size="icon" onClick={onSearch} aria-label="Search and commands" className="sm:hidden">
          <Search aria-hidden />
        </Button>
        <Bell instead={<span className="size-8.5" />} />
        <ThemeMenu />
        <UserMenu />
      </div>
    </header>
  );
}

/** Shown only when something is wrong: what is on the page may be old. */
function LiveBadge() {
  if (useLiveState() !== 'broken') return null;
  return (
    <Tip text="The live connection is gone; it is tried again by itself.">
      <span role="status" className="flex items-center gap-1.5 rounded bg-warn-soft px-2 py-0.5 text-xs text-warn">
        <Unplug className="size-3.5" aria-hidden />
        <span className="max-sm:sr-only">Offline</span>
      </span>
    </Tip>
  );
}

const THEME_NAMES: Record<Theme, string> = { system: 'As the system', light: 'Light', dark: 'Dark' };
const THEME_ICONS = { system: Monitor, light: Sun, dark: Moon };

function ThemeMenu() {
  const theme = useTheme();
  const Icon = THEME_ICONS[theme];
  return (
    <Menu
      label="Theme"
      trigger={
        <Button look="quiet" size="icon" aria-label={`Theme: ${THEME_NAMES[theme]}`}>
          <Icon aria-hidden />
        </Button>
      }
    >
      {THEMES.map((name) => (
        <MenuChoice key={name} checked={name === theme} onSelect={() => setTheme(name)}>
          {THEME_NAMES[name]}
        </MenuChoice>
      ))}
    </Menu>
  );
}

function UserMenu() {
  const me = useMe();
  const signOut = useSignOut();
  return (
    <Menu
      label="Account"
      trigger={
        <Button look="quiet" size="icon" aria-label={`Account of ${me.name || me.email}`}>
          <CircleUser aria-hidden />
        </Button>
      }
    >
      <MenuLabel>
        <span className="block font-medium text-ink">{me.name}</span>
        <span className="block">{me.email}</span>
      </MenuLabel>
      <MenuSeparator />
      <MenuLink>
        <Link to="/account">
          <UserRound aria-hidden />
          Sign-in and sessions
        </Link>
      </MenuLink>
      <MenuLink>
        <Link to="/about">
          <Info aria-hidden />
          About
        </Link>
      </MenuLink>
      <MenuItem onSelect={() => signOut.mutate()}>
        <LogOut aria-hidden />
        Sign out
      </MenuItem>
    </Menu>
  );
}
