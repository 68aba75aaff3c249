/** Changed files, each with its lines. */
import { ChevronDown, Equal, FileMinus, FilePen, FilePlus } from 'lucide-react';
import type { FileDiff } from '@/api/types';
import { rows, totals, type Change } from '@/lib/diff';
import { bytes } from '@/lib/format';
import { Card } from '@/ui/card';
import { Empty } from '@/ui/states';

const ICONS = { added: FilePlus, removed: FileMinus, modified: FilePen };
const WORDS = { added: 'New', removed: 'Deleted', modified: 'Changed' };

export function Diff({ files, sharedChanged }: { files: FileDiff[]; sharedChanged: boolean }) {
  if (files.length === 0) {
    return (
      <Card>
        <Empty icon={Equal} title="No file differs">
          {sharedChanged && 'What the provider shares is different, though.'}
        </Empty>
      </Card>
    );
  }
  return (
    <>
      {sharedChanged && <p className="text-ui text-muted">What the provider shares is different, too.</p>}
      {files.map((file) => (
        <FileDiffView key={file.path} file={file} />
      ))}
    </>
  );
}

export function FileDiffView({ file, closed = false }: { file: FileDiff; closed?: boolean }) {
  const Icon = ICONS[file.change];
  const lines = file.diff == null ? undefined : rows(file.diff);
  const { added, removed } = totals(lines ?? []);
  return (
    <details open={!closed} className="group overflow-hidden rounded-lg border bg-surface shadow-card">
      <summary className="flex min-h-11 cursor-pointer items-center gap-2 px-4 text-ui">
        <Icon className="size-4 shrink-0 text-muted" role="img" aria-label={WORDS[file.change]} />
        <span className="min-w-0 font-mono text-xs break-all">{file.path}</span>
        <span className="ml-auto flex gap-2 font-mono text-xs tabular-nums">
          {added > 0 && <span className="text-good">+{added}</span>}
          {removed > 0 && <span className="text-bad">−{removed}</span>}
        </span>
        <ChevronDown className="size-4 text-muted transition-transform group-open:rotate-180" aria-hidden />
      </summary>
      <div className="border-t">
        {lines === undefined ? (
          <p className="px-4 py-3 text-ui text-muted">
            Too large or no text: {bytes(file.old_size ?? 0)} before, {bytes(file.new_size ?? 0)} after.
          </p>
        ) : (
          <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={`Changes of ${file.path}`}>
            <table className="w-full border-collapse font-mono text-xs leading-5">
              <caption className="sr-only">Changes of {file.path}</caption>
              <thead className="sr-only">
                <tr>
                  <th scope="col">Line before</th>
                  <th scope="col">Line after</th>
                  <th scope="col">Change</th>
                  <th scope="col">Text</th>
                </tr>
              </thead>
              <tbody>
                {lines.map((row, index) => (
                  <tr key={index} className={TONES[row.change]}>
                    <td className="w-[1%] min-w-10 px-2 text-right text-faint tabular-nums select-none">{row.before}</td>
                    <td className="w-[1%] min-w-10 px-2 text-right text-faint tabular-nums select-none">{row.after}</td>
                    <td className="select-none">
                      <span className="inline-block w-4">{SIGNS[row.change]}</span>
                    </td>
                    <td className="pr-4 whitespace-pre">{row.text}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
    </details>
  );
}

const TONES: Record<Change, string> = {
  added: 'bg-good-soft',
  removed: 'bg-bad-soft',
  same: '',
  hunk: 'bg-sunken text-muted',
};

const SIGNS: Record<Change, string> = { added: '+', removed: '−', same: '', hunk: '' };
