/** The calm surface that steps of signing in stand on. */
import type { ReactNode } from 'react';
import { Logo } from '@/frame/logo';
import { useBranding } from '@/lib/branding';
import { useTitle } from '@/lib/hooks';

export function Shell({ title, about, children }: { title: string; about?: ReactNode; children: ReactNode }) {
  useTitle(title);
  const { product_name: name } = useBranding();
  return (
    <main className="grid min-h-dvh place-items-center bg-sunken px-4 py-10">
      <div className="grid w-full max-w-sm gap-6">
        <div className="flex items-center justify-center gap-2.5 text-lg font-semibold tracking-tight">
          <Logo className="size-8 shrink-0" />
          <span className="min-w-0 break-words">{name}</span>
        </div>
        <section className="grid gap-5 rounded-xl border bg-surface p-6 shadow-lift">
          <div className="grid gap-1">
            <h1 className="text-lg font-semibold tracking-tight">{title}</h1>
            {about !== undefined && <div className="text-ui text-muted">{about}</div>}
          </div>
          {children}
        </section>
      </div>
    </main>
  );
}
