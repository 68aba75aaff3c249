/** What forms share. */
import type { FieldValues, Path, UseFormSetError } from 'react-hook-form';
import { ProblemError, sentence } from '@/api/problem';

/** Puts an error of the server at the field that it names; what names none stays above the form. */
export function showAtField<T extends FieldValues>(error: unknown, names: readonly Path<T>[], setError: UseFormSetError<T>): void {
  if (!(error instanceof ProblemError) || error.field === undefined) return;
  const name = names.find((known) => error.field === known || error.field?.startsWith(`${known}.`) === true);
  if (name !== undefined) setError(name, { message: error.message });
}

/** Lines of a text field; empty ones do not count. */
export const linesOf = (text: string): string[] =>
  text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** An error for above a form: nothing where it stands at one of these fields. */
export const exceptAt = (error: unknown, ...names: string[]): unknown => (problemAt(error, ...names) === undefined ? error : undefined);

/** What the server says of one field of a form, or of something within it. */
export function problemAt(error: unknown, ...names: string[]): string | undefined {
  if (!(error instanceof ProblemError) || error.field === undefined) return undefined;
  const field = error.field;
  return names.some((name) => field === name || field.startsWith(`${name}.`)) ? sentence(error.message) : undefined;
}
