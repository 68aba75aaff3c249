/** The way to all screens. */
import { Link, useLocation } from '@tanstack/react-router';
import { useRef } from 'react';
import { useMe } from '@/api/session';
import { useBranding } from '@/lib/branding';
import { useFrame } from '@/lib/hooks';
import { placesFor } from './navigation';
import { Logo } from './logo';

export function Sidebar({ onNavigate }: { onNavigate?: () => void }) {
  const groups = placesFor(useMe());
  const { product_name: name } = useBranding();
  const path = useLocation({ select: (location) => location.pathname });
  const places = useRef<HTMLElement>(null);
  useFrame(() => places.current?.querySelector('[data-status=active]')?.scrollIntoView({ block: 'nearest' }), path);
  return (
    <div className="flex h-full flex-col">
      <Link
        to="/"
        onClick={onNavigate}
        className="flex h-13 shrink-0 items-center gap-2 px-4 font-semibold tracking-tight"
      >
        <Logo className="size-6 shrink-0" />
        <span className="truncate">{name}</span>
      </Link>
      <nav ref={places} aria-label="Main" className="min-h-0 flex-1 overflow-y-auto px-2.5 pb-4">
        {groups.map((group) => (
          <div key={group.label ?? ''} className="pt-1">
            {group.label !== undefined && (
              <p className="px-2 pt-2 pb-1 text-xs font-medium text-faint">{group.label}</p>
            )}
            <ul className="grid gap-0.5">
              {group.places.map(({ to, label, icon: Icon }) => (
                <li key={to}>
                  <Link
                    to={to}
                    onClick={onNavigate}
                    activeOptions={{ exact: to === '/', includeSearch: false }}
                    className="flex h-9 items-center gap-2.5 rounded-md lg:h-7 px-2 text-ui font-medium text-muted transition-colors hover:bg-hover hover:text-ink data-[status=active]:bg-accent-soft data-[status=active]:text-accent-text [&_svg]:size-4"
                  >
                    <Icon aria-hidden />
                    {label}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
    </div>
  );
}
