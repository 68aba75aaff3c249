/** CodeMirror, in the colours of the platform. Its default export is what `code.tsx` loads. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { python } from '@codemirror/lang-python';
import { bracketMatching } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { cspNonce } from '@/lib/nonce';
import { codeLook } from './code-look';

export interface Props {
  value: string;
  label: string;
  language?: 'python' | 'json' | undefined;
  /** Without it the text can only be read. */
  onChange?: (value: string) => void;
  /** Line to show and mark. */
  line?: number | undefined;
  /** Of an editor in a form. */
  describedBy?: string | undefined;
  /** Largest height, as CSS has it. */
  height?: string;
}

const LANGUAGES: Record<'python' | 'json', () => Extension> = { python, json };

function extensions({ label, language, onChange, describedBy, height = '70vh' }: Props): Extension[] {
  const attributes: Record<string, string> = { tabindex: '0', 'aria-label': label };
  if (describedBy !== undefined) attributes['aria-describedby'] = describedBy;
  if (onChange === undefined) attributes['aria-readonly'] = 'true';
  return [
    EditorView.cspNonce.of(cspNonce()),
    EditorView.contentAttributes.of(attributes),
    EditorState.readOnly.of(onChange === undefined),
    ...(onChange === undefined ? [lineNumbers()] : []),
    // A field of a few lines is no list with one row chosen.
    ...(onChange === undefined ? [highlightActiveLine()] : [EditorView.theme({ '.cm-content': { minHeight: '68px' } })]),
    highlightSelectionMatches(),
    bracketMatching(),
    history(),
    // Tab leaves the editor, as it leaves every other field.
    keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap]),
    codeLook,
    EditorView.theme({ '&': { maxHeight: height } }),
    ...(language === undefined ? [] : [LANGUAGES[language]()]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange?.(update.state.doc.toString());
    }),
  ];
}

export default function CodeEditor(props: Props) {
  const { value, line, label, language } = props;
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (parent.current === null) return;
    const now = latest.current;
    const onChange = now.onChange && ((text: string) => latest.current.onChange?.(text));
    const options = { ...now, ...(onChange ? { onChange } : {}) };
    const state = EditorState.create({ doc: now.value, extensions: extensions(options) });
    const made = new EditorView({ state, parent: parent.current });
    view.current = made;
    return () => made.destroy();
  }, [label, language]);
  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    const editor = view.current;
    if (editor === null || line === undefined || line > editor.state.doc.lines) return;
    const { from } = editor.state.doc.line(line);
    editor.dispatch({ selection: { anchor: from } });
    // The code alone is scrolled, by whole lines, and not the page around it.
    const { top } = editor.lineBlockAt(from);
    const rows = Math.floor(editor.scrollDOM.clientHeight / 2 / editor.defaultLineHeight);
    editor.scrollDOM.scrollTop = top - rows * editor.defaultLineHeight;
  }, [line, value]);
  return <div ref={parent} className="min-w-0 overflow-hidden" />;
}
