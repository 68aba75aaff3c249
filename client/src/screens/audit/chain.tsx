/** Takes the log out, and checks that it is whole. */
import { useMutation } from '@tanstack/react-query';
import { Download, ShieldAlert, ShieldCheck } from 'lucide-react';
import { api, call, scopeHeaders } from '@/api/client';
import { problemOf } from '@/api/problem';
import type { AuditSearch } from '@/routes/search';
import { count, download } from '@/lib/format';
import { stringifySearch } from '@/lib/search';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Fact, Facts } from '@/ui/page';
import { failed } from '@/ui/toast';
import { toQuery } from './query';

export function ExportButton({ search }: { search: AuditSearch }) {
  const take = useMutation({
    mutationFn: async () => {
      const { cursor: _, ...filters } = toQuery(search);
      const answer = await fetch(`/api/audit/export${stringifySearch(filters)}`, { headers: scopeHeaders() });
      const text = await answer.text();
      if (!answer.ok) throw problemOf(answer.status, JSON.parse(text));
      download('bifrost-audit.ndjson', text, 'application/x-ndjson');
    },
    onError: failed,
  });
  return (
    <Button busy={take.isPending} onClick={() => take.mutate()}>
      <Download aria-hidden />
      Export
    </Button>
  );
}

export function VerifyButton() {
  const verify = useMutation({ mutationFn: () => call(api.GET('/api/audit/verify')), onError: failed });
  const verdict = verify.data;
  return (
    <>
      <Button busy={verify.isPending} onClick={() => verify.mutate()}>
        <ShieldCheck aria-hidden />
        Verify
      </Button>
      {verdict !== undefined && (
        <Dialog open onClose={() => verify.reset()} title={verdict.broken == null ? 'The log is intact' : 'The log was tampered with'}>
          <div className="grid gap-4">
            <p className="flex items-start gap-2">
              {verdict.broken == null ? (
                <ShieldCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />
              ) : (
                <ShieldAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
              )}
              {verdict.broken == null
                ? `All ${count(verdict.entries)} entries are in order, and none was changed.`
                : `At entry ${verdict.broken.sequence}: ${verdict.broken.reason}`}
            </p>
            <Facts>
              <Fact name="Entries">
                {verdict.first_sequence} to {verdict.last_sequence}
              </Fact>
              <Fact name="Last hash">
                <code className="font-mono text-xs break-all">{verdict.hash}</code>
              </Fact>
            </Facts>
            <p className="text-xs text-muted">
              Keep the last number and hash somewhere else. Whoever checks against them later can tell that nothing before them was changed.
            </p>
          </div>
        </Dialog>
      )}
    </>
  );
}
