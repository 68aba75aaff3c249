/** The mail server as the program was started with it, and a test. */
import { useMutation } from '@tanstack/react-query';
import { Send } from 'lucide-react';
import { api, call } from '@/api/client';
import { useMe } from '@/api/session';
import type { Schemas } from '@/api/types';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Command } from '@/ui/copy';
import { Notice } from '@/ui/notice';
import { Fact, Facts } from '@/ui/page';
import { FormError } from '@/ui/states';

type MailServer = Schemas['MailServerView'];

const SECURITY: Record<string, string> = {
  starttls: 'STARTTLS, and nothing is sent to a server that does not offer it',
  tls: 'TLS from the start',
  none: 'None, which is only for a server on the same machine',
};

export function MailCard({ mail }: { mail: MailServer | undefined }) {
  return (
    <Card title="E-mail" actions={mail === undefined ? <Badge>Not set up</Badge> : <Badge tone="good">Set up</Badge>}>
      {mail === undefined ? <HowTo /> : <Server mail={mail} />}
    </Card>
  );
}

const HowTo = () => (
  <div className="grid gap-3">
    <p className="text-ui text-muted">
      Without e-mail you pass invitation links on yourself, and notifications stay within the platform. E-mail is set up with
      environment variables of the server:
    </p>
    <Command text={'BIFROST_SMTP_HOST=mail.example.com\nBIFROST_SMTP_FROM=bifrost@example.com'} label="Copy the variables" />
  </div>
);

function Server({ mail }: { mail: MailServer }) {
  const me = useMe();
  const test = useMutation({ mutationFn: () => call(api.POST('/api/settings/mail/test')) });
  return (
    <div className="grid gap-4">
      <Facts>
        <Fact name="Server">
          {mail.host}, port {mail.port}
        </Fact>
        <Fact name="Encryption">{SECURITY[mail.security] ?? mail.security}</Fact>
        <Fact name="Signs in as">{mail.user ?? 'Nobody'}</Fact>
        <Fact name="From">{mail.from}</Fact>
      </Facts>
      <FormError error={test.error} />
      {test.data !== undefined && (
        <Notice tone="good" role="status">
          <p>
            The server accepted an e-mail to {test.data.to}. Check whether it arrives, also in your spam folder.
          </p>
          <p className="text-muted">It answered: {test.data.answer}</p>
        </Notice>
      )}
      <div className="flex flex-wrap items-center gap-3">
        <Button busy={test.isPending} onClick={() => test.mutate()}>
          <Send aria-hidden />
          Send a test to me
        </Button>
        <span className="text-xs text-muted">To {me.email}</span>
      </div>
    </div>
  );
}
