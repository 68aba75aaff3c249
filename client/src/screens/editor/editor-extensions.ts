/** What the code editor can do, as CodeMirror has it. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  selectedCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentOnInput, indentUnit } from '@codemirror/language';
import { lintGutter, lintKeymap } from '@codemirror/lint';
import { gotoLine, highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, Prec, type Extension } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  type Command,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { cspNonce } from '@/lib/nonce';
import { codeLook } from '@/ui/code-look';
import { completeSdk, completeWords } from './completion';

/** What the editor tells, and asks. */
export interface Told {
  onText: (text: string) => void;
  /** The line of the cursor, from 1 on. */
  onLine: (line: number) => void;
  onRun: () => void;
  onSave: () => void;
  /** Texts of other open files. */
  others: () => Iterable<string>;
}

export const language = new Compartment();
export const readOnly = new Compartment();

/** Id of the text that says how a keyboard leaves the editor. */
export const KEYS_HELP = 'editor-keys';

const look = EditorView.theme({
  '&': { height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { paddingBottom: '30vh' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', paddingLeft: '4px' },
  '.cm-content': { padding: '8px 0' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in oklch, var(--accent) 24%, transparent) !important',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in oklch, var(--hover) 55%, transparent)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--accent-soft)', outline: '1px solid var(--accent-text)' },
  '.cm-selectionMatch': { backgroundColor: 'var(--warn-soft)' },
  '.cm-panels': { borderColor: 'var(--line)' },
  '.cm-panels.cm-panels-top': { borderBottom: '1px solid var(--line)' },
  '.cm-panels.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
  '.cm-panel': { padding: '6px 28px 6px 10px', fontFamily: 'var(--font-sans)', fontSize: '12.5px' },
  '.cm-panel label': { fontSize: '12px' },
  '.cm-textfield': {
    backgroundColor: 'var(--surface)',
    color: 'var(--ink)',
    border: '1px solid var(--line-strong)',
    borderRadius: '6px',
    padding: '3px 7px',
    fontSize: '12.5px',
  },
  '.cm-button': {
    backgroundImage: 'none',
    backgroundColor: 'var(--surface)',
    color: 'var(--ink)',
    border: '1px solid var(--line)',
    borderRadius: '6px',
    padding: '3px 9px',
  },
  '.cm-button:hover': { backgroundColor: 'var(--hover)' },
  '.cm-panel button[name=close]': { color: 'var(--muted)', fontSize: '18px', padding: '2px 8px' },
  '.cm-tooltip': {
    backgroundColor: 'var(--raised)',
    color: 'var(--ink)',
    border: '1px solid var(--line)',
    borderRadius: '8px',
    boxShadow: 'var(--shadow-lift)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--font-mono)', fontSize: '12px', maxHeight: '15rem', padding: '3px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '2px 8px 2px 4px', borderRadius: '4px', lineHeight: '20px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--accent-soft)',
    color: 'var(--accent-text)',
  },
  '.cm-completionDetail': { color: 'var(--muted)', fontStyle: 'normal', marginLeft: '10px' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-tooltip.cm-completionInfo': { padding: '8px 10px', maxWidth: '26rem', fontFamily: 'var(--font-sans)', fontSize: '12px' },
  '.cm-sdk-info code': { display: 'block', fontFamily: 'var(--font-mono)', fontSize: '11.5px', whiteSpace: 'pre-wrap' },
  '.cm-sdk-info p': { marginTop: '6px', color: 'var(--muted)', whiteSpace: 'pre-wrap', maxHeight: '14rem', overflow: 'auto' },
  '.cm-diagnostic': { padding: '5px 10px', fontFamily: 'var(--font-sans)', whiteSpace: 'pre-wrap', maxWidth: '36rem' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  '.cm-panel.cm-panel-lint ul [aria-selected]': { backgroundColor: 'var(--accent-soft)' },
});

/** A word that is written already needs no completion: Enter is the end of the line. */
const endWord: Command = (view) => {
  const offered = selectedCompletion(view.state)?.label;
  const { head } = view.state.selection.main;
  if (offered !== undefined && view.state.sliceDoc(head - offered.length, head) === offered) closeCompletion(view);
  return false;
};

/** The extensions of a file's editor. */
export function extensionsOf(path: string, isCrlf: boolean, told: Told): Extension[] {
  const isPython = path.endsWith('.py');
  const offered = [{ autocomplete: completeWords(() => told.others()) }, ...(isPython ? [{ autocomplete: completeSdk }] : [])];
  return [
    EditorView.cspNonce.of(cspNonce()),
    EditorView.contentAttributes.of({ 'aria-label': path, 'aria-describedby': KEYS_HELP, spellcheck: 'false', tabindex: '0' }),
    isCrlf ? EditorState.lineSeparator.of('\r\n') : [],
    readOnly.of([]),
    language.of([]),
    lineNumbers(),
    lintGutter(),
    drawSelection(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    bracketMatching(),
    closeBrackets(),
    indentOnInput(),
    indentUnit.of(isPython ? '    ' : '  '),
    history(),
    search({ top: true }),
    autocompletion({ icons: false }),
    EditorState.languageData.of(() => offered),
    Prec.highest(
      keymap.of([
        { key: 'Mod-Enter', run: () => (told.onRun(), true) },
        { key: 'Mod-s', run: () => (told.onSave(), true), preventDefault: true },
        { key: 'Ctrl-g', run: gotoLine },
        { key: 'Enter', run: endWord },
      ]),
    ),
    // Escape, then Tab leaves it.
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...searchKeymap,
      ...lintKeymap,
      ...historyKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
    // What comes first goes before.
    look,
    codeLook,
    EditorView.updateListener.of((update) => {
      if (update.docChanged) told.onText(update.state.sliceDoc());
      if (update.selectionSet || update.docChanged) {
        told.onLine(update.state.doc.lineAt(update.state.selection.main.head).number);
      }
    }),
  ];
}
