/** What all parts of the builder know. */
import { createContext, use } from 'react';
import type { FormProblem } from '@/api/forms';
import type { Workflow } from '@/api/types';
import type { Evaluator, Scope } from '@/expressions';
import type { Draft } from './use-draft';

export interface Builder {
  draft: Draft;
  evaluator: Evaluator;
  workflows: Workflow[];
  /** What the server says is wrong. */
  problems: FormProblem[];
  /** What rules see with what the preview is filled in with. */
  scope: Scope | undefined;
}

export const BuilderContext = createContext<Builder | undefined>(undefined);

export function useBuilder(): Builder {
  const builder = use(BuilderContext);
  if (builder === undefined) throw new Error('only within the builder of a form');
  return builder;
}

/** The problems of a path, such as `fields[2].validation.min`, and of what is within it. */
export function useProblems(path: string): FormProblem[] {
  return useBuilder().problems.filter(
    (problem) => problem.path === path || problem.path.startsWith(`${path}.`) || problem.path.startsWith(`${path}[`),
  );
}

/** The first of them as an error of a field. */
export const useError = (path: string): string | undefined => {
  const [problem] = useProblems(path);
  if (problem === undefined) return undefined;
  return problem.message.charAt(0).toUpperCase() + problem.message.slice(1);
};

/** A workflow by what a definition calls it: its id, `path::function`, or its name. */
export const workflowOf = (workflows: readonly Workflow[], called: string | null | undefined): Workflow | undefined =>
  workflows.find(({ id }) => id === called) ??
  workflows.find(({ function_id }) => function_id === called) ??
  workflows.find(({ name }) => name === called);
