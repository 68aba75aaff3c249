/** The files of a form: chosen, on their way, there, or refused. */
import { useEffect, useMemo, useRef, useState } from 'react';
import type { FormField } from '@/api/forms';
import { explain } from '@/api/problem';
import { fileProblem } from '@/lib/upload';
import type { Source } from './source';

export interface Upload {
  key: string;
  field: string;
  name: string;
  size: number;
  /** What is on its way, 0 to 1. */
  share: number;
  /** Once it is there. */
  id: string | undefined;
  problem: string | undefined;
}

interface Uploads {
  all: Upload[];
  add: (field: FormField, files: Iterable<File>) => void;
  remove: (key: string) => void;
  again: (field: FormField, key: string) => void;
}

/** `onChange` is told the ids of a field's files whenever they change. */
export function useUploads(source: Source, onChange: (field: string, ids: string[]) => void): Uploads {
  const [all, setAll] = useState<Upload[]>([]);
  const files = useRef(new Map<string, { file: File; field: FormField }>());
  const stops = useRef(new Map<string, AbortController>());
  const latest = useRef({ source, onChange, all });
  latest.current = { source, onChange, all };

  useEffect(() => {
    const running = stops.current;
    return () => running.forEach((stop) => stop.abort());
  }, []);

  const told = useRef(new Map<string, string>());
  useEffect(() => {
    const now = new Map<string, string[]>();
    for (const name of told.current.keys()) now.set(name, []);
    for (const { field, id } of all) now.set(field, [...(now.get(field) ?? []), ...(id === undefined ? [] : [id])]);
    for (const [field, ids] of now) {
      const text = ids.join('\n');
      if (told.current.get(field) === text) continue;
      told.current.set(field, text);
      latest.current.onChange(field, ids);
    }
  }, [all]);

  const actions = useMemo(() => {
    const set = (key: string, change: Partial<Upload>) =>
      setAll((list) => list.map((one) => (one.key === key ? { ...one, ...change } : one)));
    const start = async (field: FormField, key: string, file: File) => {
      const stop = new AbortController();
      stops.current.set(key, stop);
      try {
        const id = await latest.current.source.upload(field, file, (share) => set(key, { share }), stop.signal);
        set(key, { id, share: 1 });
      } catch (error) {
        if (!stop.signal.aborted) set(key, { problem: explain(error).title });
      } finally {
        if (stops.current.get(key) === stop) stops.current.delete(key);
      }
    };
    const remove = (key: string) => {
      stops.current.get(key)?.abort();
      files.current.delete(key);
      setAll((list) => list.filter((one) => one.key !== key));
    };
    return {
      remove,
      add: (field: FormField, chosen: Iterable<File>) => {
        const many = [...chosen].slice(0, field.multiple === true ? undefined : 1);
        const made = many.map((file): Upload => {
          const key = crypto.randomUUID();
          const problem = fileProblem(field, file);
          files.current.set(key, { file, field });
          if (problem === undefined) void start(field, key, file);
          return { key, field: field.name, name: file.name, size: file.size, share: 0, id: undefined, problem };
        });
        setAll((list) => {
          if (field.multiple === true) return [...list, ...made];
          for (const { key } of list.filter((one) => one.field === field.name)) stops.current.get(key)?.abort();
          return [...list.filter((one) => one.field !== field.name), ...made];
        });
      },
      again: (field: FormField, key: string) => {
        const chosen = files.current.get(key);
        if (chosen === undefined) return;
        const problem = fileProblem(field, chosen.file);
        stops.current.get(key)?.abort();
        set(key, { problem, share: 0, id: undefined });
        if (problem === undefined) void start(field, key, chosen.file);
      },
    };
  }, []);

  // A form that is opened again knows nothing of files that were sent before.
  const sentTo = useRef(source);
  useEffect(() => {
    if (sentTo.current === source) return;
    sentTo.current = source;
    for (const { key } of latest.current.all) {
      const chosen = files.current.get(key);
      if (chosen !== undefined) actions.again(chosen.field, key);
    }
  }, [source, actions]);

  return { all, ...actions };
}
