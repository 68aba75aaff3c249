/** What the code editor offers while typing: the SDK, and the words of the open files. */
import { snippetCompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { syntaxTree } from '@codemirror/language';
import type { EditorView } from '@codemirror/view';
import { offersAt, wordsOf, type Entry } from './sdk-names';

const TYPES: Record<Entry['kind'], string> = {
  function: 'function',
  class: 'class',
  variable: 'variable',
  property: 'property',
  module: 'namespace',
};

/** Before words and what Python itself has. */
const SDK_FIRST = 20;
const WORDS_LAST = -20;

/** Completes names of the SDK. */
export function completeSdk(context: CompletionContext): CompletionResult | null {
  if (isText(context)) return null;
  const offer = offersAt(context.state.doc.toString(), context.pos);
  if (offer === undefined) return null;
  const before = context.state.sliceDoc(Math.max(0, offer.from - 1), offer.from);
  if (offer.from === context.pos && before !== '.' && !context.explicit) return null;
  return { from: offer.from, options: offer.entries.map(completion), validFor: /^\w*=?$/ };
}

function completion(entry: Entry): Completion {
  const { name, kind, signature = '', doc = '', is_async, parameters = [] } = entry;
  const option: Completion = {
    label: name,
    type: TYPES[kind],
    boost: SDK_FIRST,
    detail: kind === 'function' ? short(`(${parameters.join(', ')})`) : kind === 'property' ? short(signature) : '',
    ...(doc === '' && signature === '' ? {} : { info: () => infoOf(entry) }),
  };
  const calls = kind === 'function' && /\w/.test(signature.replace(/ -> .*$/s, ''));
  return is_async === true && calls ? { ...option, apply: snippet(name) } : option;
}

/** What fits beside a name. */
const short = (text: string): string => (text.length > 44 ? `${text.slice(0, 42)}…)` : text);

const snippet = (name: string): NonNullable<Completion['apply']> => {
  const { apply } = snippetCompletion(`${name}(\${})`, { label: name });
  return apply ?? name;
};

/** A name with its signature and what it says of itself. */
function infoOf({ name, kind, signature = '', doc = '', is_async }: Entry): HTMLElement {
  const box = document.createElement('div');
  box.className = 'cm-sdk-info';
  if (kind === 'function' || kind === 'class') {
    const code = box.appendChild(document.createElement('code'));
    code.textContent = `${is_async === true ? 'await ' : ''}${name}${signature}`;
  }
  const text = box.appendChild(document.createElement('p'));
  // Lines of a docstring are as long as code is wide; paragraphs stay.
  text.textContent = doc.replaceAll('`', '').replace(/(?<!\n)\n(?!\n)/g, ' ');
  return box;
}

/** Completes words of this file and of the others that are open. */
export const completeWords =
  (others: (view: EditorView | undefined) => Iterable<string>) =>
  (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/[A-Za-z_]\w*$/);
    if (word === null || (word.to - word.from < 2 && !context.explicit)) return null;
    const { doc } = context.state;
    // The word that is being written is no word yet.
    const here = doc.sliceString(0, word.from) + doc.sliceString(word.to);
    const words = wordsOf([here, ...others(context.view)]);
    const options = [...words].map((label): Completion => ({ label, type: 'text', boost: WORDS_LAST }));
    return { from: word.from, options, validFor: /^\w*$/ };
  };

function isText({ state, pos }: CompletionContext): boolean {
  const { name } = syntaxTree(state).resolveInner(pos, -1);
  return name === 'String' || name === 'Comment' || name === 'FormatString';
}
