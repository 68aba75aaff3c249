/** The editor of the file that is shown. Its default export is what the screen loads. */
import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { EditorState, Transaction } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useEffect, useRef, useState } from 'react';
import { cspNonce } from '@/lib/nonce';
import { extensionsOf, KEYS_HELP, language, readOnly, type Told } from './editor-extensions';
import { languageOf } from './languages';
import type { Problem } from './use-check';

export type States = Map<string, EditorState>;

export interface Props extends Told {
  path: string;
  text: string;
  isReadOnly: boolean;
  problems: readonly Problem[];
  /** The files that were open, each with its cursor and its way back. */
  states: States;
  /** Line to go to, once for each object. */
  goal: { line: number } | undefined;
}

export default function FileEditor(props: Props) {
  const { path, text, isReadOnly, problems, goal, states } = props;
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef(props);
  latest.current = props;
  const [told] = useState(
    (): Told => ({
      onText: (now) => latest.current.onText(now),
      onLine: (line) => latest.current.onLine(line),
      onRun: () => latest.current.onRun(),
      onSave: () => latest.current.onSave(),
      others: () => latest.current.others(),
    }),
  );
  useEffect(() => {
    if (parent.current === null) return;
    const editor = new EditorView({ parent: parent.current, extensions: EditorView.cspNonce.of(cspNonce()) });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    const { text: begun } = latest.current;
    const made = () => EditorState.create({ doc: begun, extensions: extensionsOf(path, isCrlf(begun), told) });
    editor.setState(states.get(path) ?? made());
    let gone = false;
    void languageOf(path).then((extension) => {
      if (!gone) editor.dispatch({ effects: language.reconfigure(extension) });
    });
    return () => {
      gone = true;
      states.set(path, editor.state);
    };
  }, [path, states, told]);
  useEffect(() => {
    const editor = view.current;
    if (editor === null || sameText(editor.state, text)) return;
    // Somebody else wrote: another window, or who took edits back.
    const changes = { from: 0, to: editor.state.doc.length, insert: editor.state.toText(text) };
    editor.dispatch({ changes, annotations: Transaction.addToHistory.of(true) });
  }, [path, text]);
  useEffect(() => {
    const extension = isReadOnly
      ? [EditorState.readOnly.of(true), EditorView.contentAttributes.of({ 'aria-readonly': 'true' })]
      : [];
    view.current?.dispatch({ effects: readOnly.reconfigure(extension) });
  }, [path, isReadOnly]);
  useEffect(() => {
    const editor = view.current;
    if (editor !== null) editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor.state, problems)));
  }, [path, problems]);
  useEffect(() => {
    const editor = view.current;
    if (editor === null || goal === undefined) return;
    const { from } = editor.state.doc.line(Math.min(goal.line, editor.state.doc.lines));
    editor.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
    editor.focus();
  }, [path, goal]);
  return (
    <>
      <p id={KEYS_HELP} className="sr-only">
        Tab indents. Escape, then Tab leaves the editor. Control Enter runs, Control G goes to a line.
      </p>
      <div ref={parent} className="h-full min-h-0 min-w-0 overflow-hidden" />
    </>
  );
}

/** True when all its lines end as on Windows: they go on to. */
const isCrlf = (text: string): boolean => text.includes('\r\n') && !/(^|[^\r])\n/.test(text);

/** Compared without the ends of lines, which a file may have of two kinds. */
const sameText = (state: EditorState, text: string): boolean => state.doc.eq(state.toText(text));

function diagnosticsOf({ doc }: EditorState, problems: readonly Problem[]): Diagnostic[] {
  return problems.map(({ line = 1, text, isError }) => {
    const at = doc.line(Math.max(1, Math.min(line, doc.lines)));
    const indented = at.text.length - at.text.trimStart().length;
    const severity = isError ? 'error' : 'warning';
    return { from: at.from + Math.min(indented, at.length), to: at.to, severity, message: text };
  });
}
