/** The lines that a search has found, by file. */
import { Link } from '@tanstack/react-router';
import { Replace, ReplaceAll } from 'lucide-react';
import { Button } from '@/ui/button';
import type { Hit } from './find';
import { folderOf, nameOf } from './paths';

interface Props {
  hits: Hit[];
  /** Replaces in a file or a line of it, where that is allowed. */
  onReplace: ((path: string, line?: number) => void) | undefined;
  /** Files that are the provider's stay as they are. */
  isOwn: (path: string) => boolean;
}

export function Hits({ hits, onReplace, isOwn }: Props) {
  const byFile = new Map<string, Hit[]>();
  for (const hit of hits) byFile.set(hit.path, [...(byFile.get(hit.path) ?? []), hit]);
  return (
    <ul aria-label="Found" className="p-1.5">
      {[...byFile].map(([path, lines]) => {
        const replace = isOwn(path) ? onReplace : undefined;
        return (
          <li key={path} className="[contain-intrinsic-size:auto_6rem] [content-visibility:auto]">
            <div className="flex min-h-7 items-center gap-1 px-1.5 pt-1">
              <p title={path} className="min-w-0 flex-1 truncate text-xs font-medium">
                {nameOf(path)} <span className="font-normal text-faint">{folderOf(path)}</span>
              </p>
              {replace !== undefined && (
                <Button look="quiet" size="small" title="Replace in this file" aria-label={`Replace all in ${path}`} onClick={() => replace(path)}>
                  <ReplaceAll aria-hidden />
                </Button>
              )}
            </div>
            <ul>
              {lines.map((hit) => (
                <Line key={hit.line} hit={hit} onReplace={replace} />
              ))}
            </ul>
          </li>
        );
      })}
    </ul>
  );
}

function Line({ hit: { path, line, text, from, to }, onReplace }: { hit: Hit; onReplace: Props['onReplace'] }) {
  return (
    <li className="flex items-center gap-1">
      <Link
        from="/code/edit"
        to="/code/edit"
        search={(old) => ({ ...old, path, line })}
        className="flex min-w-0 flex-1 gap-2 rounded px-1.5 py-1 font-mono text-xs text-muted hover:bg-hover hover:text-ink"
      >
        <span className="w-[4ch] shrink-0 text-right text-faint tabular-nums">{line}</span>
        <span className="truncate whitespace-pre">
          {text.slice(0, from)}
          <mark className="rounded-xs bg-warn-soft text-ink">{text.slice(from, to)}</mark>
          {text.slice(to)}
        </span>
      </Link>
      {onReplace !== undefined && (
        <Button look="quiet" size="small" title="Replace in this line" aria-label={`Replace in line ${line} of ${path}`} onClick={() => onReplace(path, line)}>
          <Replace aria-hidden />
        </Button>
      )}
    </li>
  );
}
