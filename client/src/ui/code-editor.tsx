/** CodeMirror, in the colours of the platform. Its default export is what `code.tsx` loads. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { python } from '@codemirror/lang-python';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import { cspNonce } from '@/lib/nonce';

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

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: 'var(--accent-text)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--info)' },
  { tag: [tags.comment, tags.docString], color: 'var(--faint)', fontStyle: 'italic' },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.className], color: 'var(--warn)' },
  { tag: [tags.meta, tags.propertyName], color: 'var(--muted)' },
]);

const theme = (height: string) =>
  EditorView.theme({
    '&': { fontSize: '12.5px', backgroundColor: 'transparent', color: 'var(--ink)', maxHeight: height },
    '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '20px', overflow: 'auto' },
    '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--faint)', border: 'none' },
    '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--accent-soft)' },
    '.cm-cursor': { borderLeftColor: 'var(--ink)' },
    '&.cm-focused': { outline: '2px solid var(--accent-text)', outlineOffset: '-2px', borderRadius: '4px' },
    '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection': {
      backgroundColor: 'var(--hover)',
    },
    '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--ink)' },
  });

const LANGUAGES: Record<'python' | 'json', () => Extension> = { python, json };

function extensions({ label, language, onChange, describedBy, height = '70vh' }: Props): Extension[] {
  const attributes: Record<string, string> = { 'aria-label': label };
  if (describedBy !== undefined) attributes['aria-describedby'] = describedBy;
  if (onChange === undefined) attributes['aria-readonly'] = 'true';
  return [
    EditorView.cspNonce.of(cspNonce()),
    EditorView.contentAttributes.of(attributes),
    EditorState.readOnly.of(onChange === undefined),
    lineNumbers(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    bracketMatching(),
    history(),
    // Tab leaves the editor, as it leaves every other field.
    keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap]),
    syntaxHighlighting(colours),
    theme(height),
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
    editor.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
  }, [line, value]);
  return <div ref={parent} className="min-w-0 overflow-hidden" />;
}
