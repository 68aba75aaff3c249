/** The languages that files are coloured in, each loaded with the first file of it. */
import type { Extension } from '@codemirror/state';

const LOADERS: Record<string, () => Promise<Extension>> = {
  py: () => import('@codemirror/lang-python').then(({ python }) => python()),
  json: () => import('@codemirror/lang-json').then(({ json }) => json()),
  yaml: () => import('@codemirror/lang-yaml').then(({ yaml }) => yaml()),
  md: () => import('./markdown').then(({ markdown }) => markdown()),
};

const ALIASES: Record<string, string> = { yml: 'yaml', pyi: 'py', markdown: 'md' };

/** The language of a file, by its name. */
export async function languageOf(path: string): Promise<Extension> {
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return (await LOADERS[ALIASES[ending] ?? ending]?.()) ?? [];
}
