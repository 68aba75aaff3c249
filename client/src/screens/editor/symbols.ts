/** The workflows of a file, and which of them a line belongs to. */
import type { components } from '@/api/schema';

export type WorkflowInfo = components['schemas']['WorkflowInfo'];

const lineOf = (workflow: WorkflowInfo): number => workflow.line ?? 0;

/** The workflow that a line of a file is in, or the nearest one before it; else the file's first. */
export function workflowAt(workflows: readonly WorkflowInfo[], path: string, line: number): WorkflowInfo | undefined {
  const own = workflows.filter((workflow) => workflow.path === path).sort((a, b) => lineOf(a) - lineOf(b));
  return own.findLast((workflow) => lineOf(workflow) <= line) ?? own[0];
}

/** A workflow that has another identity after a deploy. */
export interface Renamed {
  from: string;
  to: string;
}

/** What a deploy does to workflows, with those that only got another path or name as such. */
export interface Effects {
  added: string[];
  updated: string[];
  removed: string[];
  renamed: Renamed[];
}

const functionOf = (id: string): string => id.slice(id.indexOf('::') + 2);
const pathOf = (id: string): string => id.slice(0, id.indexOf('::'));

/** Finds renames: one that is gone and one that is new have the same function, or are the only
 *  ones of the same file. */
export function effects(added: readonly string[], updated: readonly string[], removed: readonly string[]): Effects {
  const fresh = new Set(added);
  const gone = new Set(removed);
  const renamed: Renamed[] = [];
  const pair = (key: (id: string) => string) => {
    for (const from of [...gone]) {
      const same = (id: string) => key(id) === key(from);
      const [to, ...others] = [...fresh].filter(same);
      if (to === undefined || others.length > 0 || [...gone].filter(same).length > 1) continue;
      renamed.push({ from, to });
      gone.delete(from);
      fresh.delete(to);
    }
  };
  pair(functionOf);
  pair(pathOf);
  return { added: [...fresh], updated: [...updated], removed: [...gone], renamed };
}
