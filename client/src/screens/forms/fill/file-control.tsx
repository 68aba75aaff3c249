/** Files: chosen with a button or dropped, sent at once, with what is on its way. */
import { CircleCheck, FileUp, RotateCw, X } from 'lucide-react';
import { useId, useRef, useState } from 'react';
import { bytes } from '@/lib/format';
import { labelOf } from '@/lib/form-values';
import { LARGEST_MB, MOST_FILES } from '@/lib/upload';
import { cn } from '@/lib/cn';
import { Button } from '@/ui/button';
import { ErrorText, FieldGroup } from '@/ui/field-group';
import type { ControlProps } from './form-fields';
import type { Upload } from './use-uploads';

const MB = 1_048_576;

export function FileControl({ field, error, optional, disabled, uploads, actions }: ControlProps & { uploads: Upload[] }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const types = field.allowed_types ?? [];
  const many = field.multiple === true;
  const limits = [
    many ? `At most ${MOST_FILES} files` : 'One file',
    `of at most ${bytes((field.max_size_mb ?? LARGEST_MB) * MB)}`,
    types.length === 0 ? '' : `(${types.join(', ')})`,
  ];
  const label = labelOf(field);
  return (
    <FieldGroup
      label={label}
      optional={optional}
      help={[field.help_text ?? '', `${limits.filter(Boolean).join(' ')}.`].filter(Boolean).join(' ')}
      error={error}
      disabled={disabled}
    >
      <div
        className={cn(
          'flex flex-wrap items-center gap-3 rounded-md border border-dashed base:border-line-strong/60 base:bg-surface px-3 py-2.5 base:dark:bg-sunken',
          over && 'border-accent-text bg-accent-soft',
        )}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(!disabled);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          if (!disabled) actions.addFiles(field, event.dataTransfer.files);
        }}
      >
        <input
          ref={input}
          id={id}
          type="file"
          className="sr-only"
          tabIndex={-1}
          aria-label={label}
          multiple={many}
          accept={types.length === 0 ? undefined : types.join(',')}
          onChange={(event) => {
            if (event.target.files !== null) actions.addFiles(field, event.target.files);
            event.target.value = '';
          }}
        />
        <Button size="small" disabled={disabled} onClick={() => input.current?.click()}>
          <FileUp aria-hidden />
          {many ? 'Choose files' : 'Choose a file'}
          <span className="sr-only"> for {label}</span>
        </Button>
        <span className="text-xs text-muted">or drop {many ? 'them' : 'it'} here</span>
      </div>
      {uploads.length > 0 && (
        <ul aria-label={`${label}, files`} className="grid gap-1.5">
          {uploads.map((upload) => (
            <Row key={upload.key} upload={upload} onRemove={() => actions.removeFile(upload.key)} onAgain={() => actions.sendAgain(field, upload.key)} />
          ))}
        </ul>
      )}
    </FieldGroup>
  );
}

function Row({ upload, onRemove, onAgain }: { upload: Upload; onRemove: () => void; onAgain: () => void }) {
  const { name, size, share, id, problem } = upload;
  const percent = Math.round(share * 100);
  return (
    <li className="grid gap-1 rounded-md border px-3 py-1.5">
      <div className="flex min-w-0 items-center gap-2 text-ui">
        <span className="truncate">{name}</span>
        <span className="shrink-0 text-xs text-muted tabular-nums">{bytes(size)}</span>
        <span role="status" className="ml-auto flex shrink-0 items-center gap-1 text-xs text-muted">
          {id !== undefined && (
            <>
              <CircleCheck className="size-3.5 text-good" aria-hidden />
              Sent
            </>
          )}
        </span>
        {problem !== undefined && (
          <Button look="quiet" size="small" onClick={onAgain}>
            <RotateCw aria-hidden />
            Send again
          </Button>
        )}
        <Button look="quiet" size="small" aria-label={`Remove ${name}`} onClick={onRemove}>
          <X aria-hidden />
        </Button>
      </div>
      {id === undefined && problem === undefined && (
        <progress
          aria-label={`Sending ${name}`}
          value={percent}
          max={100}
          className="h-1 w-full overflow-hidden rounded-full accent-accent"
        />
      )}
      {problem !== undefined && <ErrorText>{problem}</ErrorText>}
    </li>
  );
}
