/** A change at the server: says when it is done, and has read again what it has changed. */
import { useMutation, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import { done, failed } from '@/ui/toast';

interface Options<Output> {
  /** Said when it is done. */
  says?: (output: Output) => string;
  /** Beginnings of the keys of queries that are read again. */
  again: string[];
  /** What follows, such as closing the dialog. */
  then?: (output: Output) => void;
  /** Shows an error in the corner, where there is no form for it. */
  loud?: boolean;
}

/** Makes a change that forms and buttons begin with `mutate`. */
export function useSave<Input = void, Output = unknown>(
  change: (input: Input) => Promise<Output>,
  { says, again, then, loud = false }: Options<Output>,
): UseMutationResult<Output, Error, Input> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async (output) => {
      if (says !== undefined) done(says(output));
      then?.(output);
      await Promise.all(again.map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
    ...(loud ? { onError: (error: Error) => failed(error) } : {}),
  });
}
