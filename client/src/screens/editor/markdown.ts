/** Markdown, without the languages that can stand in it: they would be as large as the editor. */
import { defineLanguageFacet, Language, languageDataProp, LanguageSupport } from '@codemirror/language';
import { GFM, parser } from '@lezer/markdown';

const data = defineLanguageFacet({ commentTokens: { block: { open: '<!--', close: '-->' } } });

const language = new Language(
  data,
  parser.configure([GFM, { props: [languageDataProp.add({ Document: data })] }]),
  [],
  'markdown',
);

export const markdown = (): LanguageSupport => new LanguageSupport(language);
