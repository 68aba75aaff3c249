/** What is wrong with the form, with a way to each place. */
import { TriangleAlert } from 'lucide-react';
import { sentence } from '@/api/problem';
import type { FormProblem } from '@/api/forms';
import { plural } from '@/lib/format';
import { labelOf } from '@/lib/form-values';
import { placeOf } from '@/lib/form-draft';
import { useBuilder } from './builder-context';

interface Props {
  /** The form was not saved because of them. */
  wasRefused: boolean;
  onGo: (problem: FormProblem) => void;
}

export function ProblemsCard({ wasRefused, onGo }: Props) {
  const { problems, draft } = useBuilder();
  if (problems.length === 0) return null;
  return (
    <section aria-label="To fix" className="rounded-lg border bg-warn-soft px-4 py-3 text-ui">
      <p className="flex items-center gap-2 font-medium">
        <TriangleAlert className="size-4 text-warn" aria-hidden />
        <span role="status">
          {wasRefused
            ? `It was not saved: ${plural(problems.length, 'thing')} to fix`
            : `${plural(problems.length, 'thing')} to fix before it can be saved`}
        </span>
      </p>
      <ul className="mt-1.5 grid max-h-48 gap-1 overflow-y-auto pl-6">
        {problems.map((problem) => {
          const { field, key } = placeOf(problem.path);
          const named = field === undefined ? undefined : draft.form.fields[field];
          const where = [named === undefined ? '' : `“${labelOf(named)}”`, key.replace(/_/g, ' ')].filter(Boolean).join(', ');
          return (
            <li key={`${problem.path} ${problem.message}`}>
              <button type="button" className="inline-block rounded text-left underline first-letter:uppercase decoration-line-strong underline-offset-2 hover:decoration-ink" onClick={() => onGo(problem)}>
                {where === '' ? 'The form' : where}
              </button>
              {' '}– {sentence(problem.message)}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
