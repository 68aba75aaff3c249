/** The folders above, each a way back. */
import { Link } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import { Fragment } from 'react';
import { trail } from './entries';

export function Trail({ location, folder }: { location: string; folder: string | undefined }) {
  if (folder === undefined) return null;
  const all = trail(folder);
  const of = location === 'uploads' ? {} : { location };
  return (
    <nav aria-label="Folders" className="flex flex-wrap items-center gap-1 text-ui">
      <Link to="/files" search={of} className="rounded px-1 text-muted hover:text-ink hover:underline">
        {location}
      </Link>
      {all.map(({ name, path }, index) => (
        <Fragment key={path}>
          <ChevronRight className="size-3.5 text-faint" aria-hidden />
          {index === all.length - 1 ? (
            <span aria-current="page" className="px-1 font-medium break-all">
              {name}
            </span>
          ) : (
            <Link to="/files" search={{ ...of, folder: path }} className="rounded px-1 break-all text-muted hover:text-ink hover:underline">
              {name}
            </Link>
          )}
        </Fragment>
      ))}
    </nav>
  );
}
