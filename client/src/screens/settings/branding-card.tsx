/** The platform's name, color and logo. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ImageUp, RotateCcw, Trash2 } from 'lucide-react';
import { useRef, useState } from 'react';
import { api, call } from '@/api/client';
import type { Schemas } from '@/api/types';
import { loadBranding } from '@/lib/branding';
import { problemAt } from '@/lib/forms';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { Field, Input } from '@/ui/field';
import { FormError } from '@/ui/states';
import { done } from '@/ui/toast';
import { AccentPreview } from './accent-preview';
import { logoContent, TYPES } from './logo-file';
import { settingsQuery } from './queries';

type Branding = Schemas['BrandingSettings'];

/** What a color looks like. */
const COLOR = /^#[\da-f]{6}$/i;
/** What the picker shows while there is none: the accent of the light theme in styles.css. */
const OWN = '#414fd2';

export function BrandingCard({ branding }: { branding: Branding }) {
  const client = useQueryClient();
  const [name, setName] = useState(branding.product_name ?? '');
  const [accent, setAccent] = useState(branding.accent ?? '');
  const [resetting, setResetting] = useState(false);
  const changed = async () => {
    await Promise.all([client.invalidateQueries({ queryKey: settingsQuery.queryKey }), loadBranding()]);
  };
  const save = useMutation({
    mutationFn: () => {
      const body = { product_name: name.trim() === '' ? null : name, accent: accent === '' ? null : accent };
      return call(api.PUT('/api/settings/branding', { body }));
    },
    onSuccess: async () => {
      done('Name and color are saved');
      await changed();
    },
  });
  const reset = async () => {
    await call(api.DELETE('/api/settings/branding'));
    setName('');
    setAccent('');
    await changed();
  };
  return (
    <Card
      title="Branding"
      actions={
        <Button size="small" onClick={() => setResetting(true)}>
          <RotateCcw aria-hidden />
          Reset
        </Button>
      }
    >
      <div className="grid gap-6">
        <Logo url={branding.logo_url ?? undefined} onChange={changed} />
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate();
          }}
        >
          <FormError error={save.error} />
          <Field
            label="Name"
            optional
            help="Shown in the sidebar, on the sign-in page, in e-mails, and in authenticator apps."
            error={problemAt(save.error, 'product_name')}
          >
            {(tied) => (
              <Input {...tied} value={name} maxLength={40} placeholder="Bifrost" onChange={(event) => setName(event.target.value)} className="sm:w-72" />
            )}
          </Field>
          <Field label="Color" optional help="The color of buttons and links, in hexadecimal, such as #0a7d55." error={problemAt(save.error, 'accent')}>
            {(tied) => (
              <div className="flex items-center gap-2">
                <input
                  type="color"
                  aria-label="Choose a color"
                  value={COLOR.test(accent) ? accent : OWN}
                  onChange={(event) => setAccent(event.target.value)}
                  className="h-8.5 w-12 rounded-md border bg-surface p-1"
                />
                <Input
                  {...tied}
                  value={accent}
                  pattern="#[0-9a-fA-F]{6}"
                  placeholder="The product’s own"
                  spellCheck={false}
                  onChange={(event) => setAccent(event.target.value)}
                  className="w-48 font-mono placeholder:font-sans"
                />
              </div>
            )}
          </Field>
          {COLOR.test(accent) && <AccentPreview color={accent.toLowerCase()} />}
          <div className="flex justify-end">
            <Button type="submit" look="primary" busy={save.isPending}>
              Save
            </Button>
          </div>
        </form>
      </div>
      <Confirm open={resetting} onClose={() => setResetting(false)} title="Reset the branding?" action="Reset" onConfirm={reset}>
        The product’s own name, color, and logo are used again.
      </Confirm>
    </Card>
  );
}

function Logo({ url, onChange }: { url: string | undefined; onChange: () => Promise<void> }) {
  const picker = useRef<HTMLInputElement>(null);
  const set = useMutation({
    mutationFn: async (file: File) => call(api.PUT('/api/settings/branding/logo', { body: { content: await logoContent(file) } })),
    onSuccess: onChange,
  });
  const remove = useMutation({ mutationFn: () => call(api.DELETE('/api/settings/branding/logo')), onSuccess: onChange });
  return (
    <div className="grid gap-2">
      <p className="text-ui font-medium">Logo</p>
      <FormError error={set.error ?? remove.error} />
      <div className="flex flex-wrap items-center gap-3">
        <div className="grid size-14 place-items-center rounded-lg border bg-sunken p-1.5">
          {url === undefined ? <span className="text-xs text-faint">None</span> : <img src={url} alt="The logo" className="size-full object-contain" />}
        </div>
        <input
          ref={picker}
          type="file"
          accept={TYPES.join(',')}
          aria-label="Choose a picture"
          className="sr-only"
          tabIndex={-1}
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            event.target.value = '';
            if (file !== undefined) set.mutate(file);
          }}
        />
        <Button busy={set.isPending} onClick={() => picker.current?.click()}>
          <ImageUp aria-hidden />
          {url === undefined ? 'Choose a picture' : 'Choose another one'}
        </Button>
        {url !== undefined && (
          <Button busy={remove.isPending} onClick={() => remove.mutate()}>
            <Trash2 aria-hidden />
            Remove
          </Button>
        )}
        <span className="text-xs text-muted">A PNG or WebP file of at most 256 KiB. It is shown about 24 pixels high.</span>
      </div>
    </div>
  );
}
