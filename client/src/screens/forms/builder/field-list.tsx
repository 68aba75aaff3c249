/** The fields of a form in their order: chosen, moved by buttons, keys or the mouse, and added. */
import { ChevronDown, ChevronUp, GripVertical, TriangleAlert } from 'lucide-react';
import { useEffect, useRef, useState, type DragEvent, type KeyboardEvent } from 'react';
import type { FieldType, FormField } from '@/api/forms';
import { cn } from '@/lib/cn';
import { labelOf } from '@/lib/form-values';
import { moved, MOST_FIELDS, newField, placeOf } from '@/lib/form-draft';
import { Button } from '@/ui/button';
import { useBuilder } from './builder-context';
import { FIELD_TYPES, TYPE_NAMES } from './field-types';

interface Props {
  chosen: string | undefined;
  onChoose: (name: string | undefined) => void;
}

export function FieldList({ chosen, onChoose }: Props) {
  const { draft, problems } = useBuilder();
  const { fields } = draft.form;
  const [said, setSaid] = useState('');
  const [dragged, setDragged] = useState<number>();
  const [target, setTarget] = useState<number>();
  const list = useRef<HTMLOListElement>(null);

  // What was pressed keeps the focus where it goes.
  const follow = useRef<{ at: number; part: string }>(undefined);
  useEffect(() => {
    const { at, part } = follow.current ?? {};
    follow.current = undefined;
    if (at === undefined) return;
    const item = list.current?.children[at];
    const pressed = item?.querySelector<HTMLButtonElement>(`[data-part="${part}"]:not(:disabled)`);
    (pressed ?? item?.querySelector<HTMLElement>('[data-part="choose"]'))?.focus();
  }, [fields]);

  const move = (from: number, to: number, part?: 'choose' | 'up' | 'down') => {
    const field = fields[from];
    if (field === undefined || to < 0 || to >= fields.length || from === to) return;
    if (part !== undefined) follow.current = { at: to, part };
    draft.change((form) => ({ ...form, fields: moved(form.fields, from, to) }));
    setSaid(`${labelOf(field)} is now ${to + 1} of ${fields.length}`);
  };
  const press = (event: KeyboardEvent, at: number) => {
    const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
    if (step === 0) return;
    event.preventDefault();
    if (event.altKey) move(at, at + step, 'choose');
    else list.current?.querySelectorAll<HTMLElement>('[data-part="choose"]')[at + step]?.focus();
  };
  const drop = () => {
    if (dragged !== undefined && target !== undefined) move(dragged, target > dragged ? target - 1 : target);
    setDragged(undefined);
    setTarget(undefined);
  };
  const over = (event: DragEvent<HTMLLIElement>, at: number) => {
    if (dragged === undefined) return;
    event.preventDefault();
    const { top, height } = event.currentTarget.getBoundingClientRect();
    setTarget(event.clientY > top + height / 2 ? at + 1 : at);
  };
  const add = (type: FieldType) => {
    const field = newField(
      type,
      fields.map(({ name }) => name),
    );
    const at = fields.findIndex(({ name }) => name === chosen);
    draft.change((form) => ({ ...form, fields: moved([...form.fields, field], form.fields.length, at < 0 ? form.fields.length : at + 1) }));
    onChoose(field.name);
    setSaid(`${labelOf(field)} is added`);
  };
  const wrong = new Set(problems.map(({ path }) => placeOf(path).field));
  return (
    <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-4">
      <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-1.5">
        <ol ref={list} aria-label="Fields" className="grid grid-cols-[minmax(0,1fr)] gap-1">
          {fields.map((field, at) => (
            <li
              key={field.name}
              draggable
              onDragStart={(event) => {
                event.dataTransfer.effectAllowed = 'move';
                setDragged(at);
              }}
              onDragOver={(event) => over(event, at)}
              onDragEnd={drop}
              className={cn(
                'group relative flex items-center rounded-md border base:bg-surface pr-1 shadow-card base:dark:bg-raised',
                field.name === chosen && 'border-accent-text bg-accent-soft',
                dragged === at && 'opacity-50',
                target === at && 'before:absolute before:inset-x-0 before:-top-1 before:h-0.5 before:rounded before:bg-accent-text',
                target === at + 1 && at === fields.length - 1 && 'after:absolute after:inset-x-0 after:-bottom-1 after:h-0.5 after:rounded after:bg-accent-text',
              )}
            >
              <GripVertical className="ml-1 size-4 shrink-0 cursor-grab text-faint" aria-hidden />
              <Choose
                field={field}
                isWrong={wrong.has(at)}
                isChosen={field.name === chosen}
                onChoose={() => onChoose(field.name === chosen ? undefined : field.name)}
                onKeyDown={(event) => press(event, at)}
              />
              <Button look="quiet" size="small" className="w-7 px-0" data-part="up" aria-label={`Move ${labelOf(field)} up`} disabled={at === 0} onClick={() => move(at, at - 1, 'up')}>
                <ChevronUp aria-hidden />
              </Button>
              <Button look="quiet" size="small" className="w-7 px-0" data-part="down" aria-label={`Move ${labelOf(field)} down`} disabled={at === fields.length - 1} onClick={() => move(at, at + 1, 'down')}>
                <ChevronDown aria-hidden />
              </Button>
            </li>
          ))}
        </ol>
        <p role="status" className="sr-only">
          {said}
        </p>
        {fields.length > 1 && (
          <p className="text-xs text-muted">
            Rules can use the fields above them.
          </p>
        )}
      </div>
      <div role="group" aria-label="Add a field" className="grid gap-1.5">
        <p className="text-xs font-medium text-muted">
          {fields.length === 0 ? 'Begin with a field' : fields.length >= MOST_FIELDS ? `${MOST_FIELDS} fields are the most` : 'Add a field'}
        </p>
        <div className="grid grid-cols-[repeat(2,minmax(0,1fr))] gap-1.5 sm:max-lg:grid-cols-4">
          {TYPE_NAMES.map((type) => {
            const { label, icon: Icon } = FIELD_TYPES[type];
            return (
              <Button key={type} size="small" className="min-w-0 justify-start" disabled={fields.length >= MOST_FIELDS} onClick={() => add(type)}>
                <Icon aria-hidden />
                {label}
              </Button>
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface ChooseProps {
  field: FormField;
  isWrong: boolean;
  isChosen: boolean;
  onChoose: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

function Choose({ field, isWrong, isChosen, onChoose, onKeyDown }: ChooseProps) {
  const { icon: Icon, label } = FIELD_TYPES[field.type];
  return (
    <button
      type="button"
      data-part="choose"
      aria-pressed={isChosen}
      aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown"
      onClick={onChoose}
      onKeyDown={onKeyDown}
      className="flex min-h-9 min-w-0 flex-1 items-center gap-2 rounded px-1.5 py-1 text-left text-ui"
    >
      <Icon className="size-4 shrink-0 text-muted" aria-label={label} role="img" />
      <span className="min-w-0 flex-1 truncate">{labelOf(field)}</span>
      {field.required === true && (
        <span className="text-bad" title="Required">
          *<span className="sr-only">required</span>
        </span>
      )}
      {isWrong && <TriangleAlert className="size-4 shrink-0 text-warn" aria-label="Has problems" role="img" />}
    </button>
  );
}
