/** The command palette: whatever there is, and what can be done, by a few letters. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { Dialog } from 'radix-ui';
import { Building2, ClipboardList, Info, LogOut, Play, Search, Sun, UserRound } from 'lucide-react';
import { useRef, useState } from 'react';
import { useMay, useMe, useOrganization, useOrganizations } from '@/api/session';
import { formsQuery } from '@/api/forms';
import { workflowsQuery } from '@/api/queries';
import { useFocusBack, useFrame } from '@/lib/hooks';
import { setTheme, THEMES, toggleTheme } from '@/lib/theme';
import { LEAST } from './fitting';
import { placesFor } from './navigation';
import { actionsFor } from './palette-actions';
import { Found } from './palette-found';
import { fit, Group, Item } from './palette-items';
import { useSignOut } from './use-sign-out';

/** A run's id, as it is copied from a log. */
const RUN = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

export default function Palette({ onClose }: { onClose: () => void }) {
  const me = useMe();
  const may = useMay();
  const organization = useOrganization();
  const navigate = useNavigate();
  const [search, setSearch] = useState('');
  const focusBack = useFocusBack(true);
  const list = useRef<HTMLDivElement>(null);
  // The best rows come first, wherever one had scrolled to with other letters.
  useFrame(() => list.current?.scrollTo({ top: 0 }), search);
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  const { data: forms = [] } = useQuery(formsQuery(organization));
  const { all } = useOrganizations();
  const signOut = useSignOut();
  const go = (action: () => unknown) => () => {
    onClose();
    action();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-50 bg-[oklch(0.15_0.01_265/0.45)] backdrop-blur-[2px]" />
        <Dialog.Content
          aria-describedby={undefined}
          onCloseAutoFocus={focusBack}
          className="fixed top-[12vh] left-1/2 z-50 w-[calc(100%-1.5rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl border bg-raised shadow-lift"
        >
          <Dialog.Title className="sr-only">Search and commands</Dialog.Title>
          <Command label="Search and commands" filter={fit} loop>
            <div className="flex items-center gap-2.5 border-b px-4">
              <Search className="size-4 shrink-0 text-muted" aria-hidden />
              <Command.Input
                autoFocus
                value={search}
                onValueChange={setSearch}
                placeholder="A workflow, a form, a person, a screen, what to do…"
                className="h-12 w-full bg-transparent text-sm outline-none placeholder:text-faint"
              />
            </div>
            <Command.List ref={list} className="[overflow-anchor:none] max-h-[min(24rem,60vh)] overflow-y-auto p-1.5">
              <Command.Empty className="px-3 py-8 text-center text-ui text-muted">Nothing fits.</Command.Empty>
              {RUN.test(search.trim()) && (
                <Item
                  value={search}
                  keywords={[search]}
                  icon={<Search aria-hidden />}
                  onSelect={go(() => navigate({ to: '/runs/$id', params: { id: search.trim() } }))}
                >
                  Open the run {search.trim().slice(0, 13)}…
                </Item>
              )}
              <Group heading="Workflows">
                {workflows
                  .filter((workflow) => workflow.kind !== 'data_provider')
                  .map((workflow) => (
                    <Item
                      key={workflow.id}
                      value={`workflow ${workflow.id}`}
                      keywords={[workflow.name, workflow.category, ...workflow.tags]}
                      icon={<Play aria-hidden />}
                      onSelect={go(() => navigate({ to: '/workflows/$id', params: { id: workflow.id } }))}
                    >
                      {workflow.name}
                      <span className="truncate text-xs text-faint">{workflow.category}</span>
                    </Item>
                  ))}
              </Group>
              <Group heading="Forms">
                {forms.map((form) => (
                  <Item
                    key={form.id}
                    value={`form ${form.id}`}
                    keywords={[form.name, form.workflow_name ?? '']}
                    icon={<ClipboardList aria-hidden />}
                    onSelect={go(() => navigate({ to: '/forms/$id', params: { id: form.id }, search: {} }))}
                  >
                    {form.name}
                  </Item>
                ))}
              </Group>
              {search.trim().length >= LEAST && <Found letters={search} go={go} />}
              <Group heading="Do">
                {actionsFor(may).map(({ label, words, icon: Icon, run }) => (
                  <Item key={label} value={label} keywords={[label, ...words]} icon={<Icon aria-hidden />} onSelect={go(() => run(navigate))}>
                    {label}
                  </Item>
                ))}
                <Item value="Light or dark" keywords={['Switch between light and dark', 'theme', 'toggle', 'mode']} icon={<Sun aria-hidden />} onSelect={go(toggleTheme)}>
                  Switch between light and dark
                </Item>
                <Item value="Sign out" keywords={['Sign out', 'log out', 'leave']} icon={<LogOut aria-hidden />} onSelect={go(() => signOut.mutate())}>
                  Sign out
                </Item>
              </Group>
              <Group heading="Go to">
                {placesFor(me)
                  .flatMap((group) => group.places)
                  .map(({ to, label, icon: Icon }) => (
                    <Item
                      key={to}
                      value={`screen ${label}`}
                      keywords={[label]}
                      icon={<Icon aria-hidden />}
                      onSelect={go(() => navigate({ to }))}
                    >
                      {label}
                    </Item>
                  ))}
                <Item
                  value="screen Sign-in and sessions"
                  keywords={['Sign-in and sessions', 'account', 'profile', 'password', 'passkey', 'second factor', 'shortcuts']}
                  icon={<UserRound aria-hidden />}
                  onSelect={go(() => navigate({ to: '/account' }))}
                >
                  Sign-in and sessions
                </Item>
                <Item
                  value="screen About"
                  keywords={['About', 'version']}
                  icon={<Info aria-hidden />}
                  onSelect={go(() => navigate({ to: '/about' }))}
                >
                  About
                </Item>
              </Group>
              {may('platform.enter') && (
                <Group heading="Organizations">
                  {all.map(({ id, name }) => (
                    <Item
                      key={id}
                      value={`organization ${name}`}
                      keywords={[name]}
                      icon={<Building2 aria-hidden />}
                      onSelect={go(() =>
                        navigate({ to: '/', search: { org: id === me.organization_id ? undefined : id } }),
                      )}
                    >
                      {name}
                    </Item>
                  ))}
                </Group>
              )}
              <Group heading="Theme">
                {THEMES.map((theme) => (
                  <Item
                    key={theme}
                    value={`theme ${theme}`}
                    keywords={[`Theme: ${theme}`]}
                    icon={<Sun aria-hidden />}
                    onSelect={go(() => setTheme(theme))}
                  >
                    Theme: {theme}
                  </Item>
                ))}
              </Group>
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
