/** The command palette: every screen, workflow and organization by a few letters. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { Dialog } from 'radix-ui';
import { Building2, ClipboardList, Play, Plus, Search, Sun } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useMay, useMe, useOrganization, useOrganizations } from '@/api/session';
import { formsQuery } from '@/api/forms';
import { workflowsQuery } from '@/api/queries';
import { useFocusBack } from '@/lib/hooks';
import { setTheme, THEMES } from '@/lib/theme';
import { placesFor } from './navigation';

/** A run's id, as it is copied from a log. */
const RUN = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

export default function Palette({ onClose }: { onClose: () => void }) {
  const me = useMe();
  const may = useMay();
  const organization = useOrganization();
  const navigate = useNavigate();
  const [search, setSearch] = useState('');
  const focusBack = useFocusBack(true);
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  const { data: forms = [] } = useQuery(formsQuery(organization));
  const { all } = useOrganizations();
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
          <Command label="Search and commands" loop>
            <div className="flex items-center gap-2.5 border-b px-4">
              <Search className="size-4 shrink-0 text-muted" aria-hidden />
              <Command.Input
                autoFocus
                value={search}
                onValueChange={setSearch}
                placeholder="A workflow, a form, a screen, the id of a run…"
                className="h-12 w-full bg-transparent text-sm outline-none placeholder:text-faint"
              />
            </div>
            <Command.List className="max-h-[min(24rem,60vh)] overflow-y-auto p-1.5">
              <Command.Empty className="px-3 py-8 text-center text-ui text-muted">Nothing fits.</Command.Empty>
              {RUN.test(search.trim()) && (
                <Item
                  value={search}
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
                {may('forms.manage') && (
                  <Item value="New form" icon={<Plus aria-hidden />} onSelect={go(() => navigate({ to: '/forms/new' }))}>
                    New form
                  </Item>
                )}
              </Group>
              <Group heading="Go to">
                {placesFor(me)
                  .flatMap((group) => group.places)
                  .map(({ to, label, icon: Icon }) => (
                    <Item
                      key={to}
                      value={`screen ${label}`}
                      icon={<Icon aria-hidden />}
                      onSelect={go(() => navigate({ to }))}
                    >
                      {label}
                    </Item>
                  ))}
              </Group>
              {may('platform.enter') && (
                <Group heading="Organizations">
                  {all.map(({ id, name }) => (
                    <Item
                      key={id}
                      value={`organization ${name}`}
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

const Group = ({ heading, children }: { heading: string; children: ReactNode }) => (
  <Command.Group
    heading={heading}
    className="**:[[cmdk-group-heading]]:px-2.5 **:[[cmdk-group-heading]]:pt-2.5 **:[[cmdk-group-heading]]:pb-1 **:[[cmdk-group-heading]]:text-xs **:[[cmdk-group-heading]]:text-faint"
  >
    {children}
  </Command.Group>
);

interface ItemProps {
  value: string;
  keywords?: string[];
  icon: ReactNode;
  onSelect: () => void;
  children: ReactNode;
}

const Item = ({ value, keywords, icon, onSelect, children }: ItemProps) => (
  <Command.Item
    value={value}
    {...(keywords === undefined ? {} : { keywords })}
    onSelect={onSelect}
    className="flex min-h-9 items-center gap-2.5 rounded-md px-2.5 text-ui data-[selected=true]:bg-accent-soft data-[selected=true]:text-accent-text [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted"
  >
    {icon}
    {children}
  </Command.Item>
);
