/** Python tracebacks with the files of a workspace in them. */

/** A piece of a traceback; one with a path names a line of code. */
export interface Piece {
  text: string;
  path?: string;
  line?: number;
}

const FRAME = /File "([^"]+)", line (\d+)/g;

/** Cuts a traceback so that frames within the workspace can be links. */
export function pieces(traceback: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of traceback.matchAll(FRAME)) {
    const path = workspacePath(match[1] ?? '');
    if (path === undefined) continue;
    if (match.index > from) found.push({ text: traceback.slice(from, match.index) });
    found.push({ text: match[0], path, line: Number(match[2]) });
    from = match.index + match[0].length;
  }
  if (from < traceback.length) found.push({ text: traceback.slice(from) });
  return found;
}

/** The file below the workspace; nothing for the standard library and generated code. */
function workspacePath(path: string): string | undefined {
  const local = path.replace(/^\/?workspace\//, '');
  return local.startsWith('/') || local.startsWith('<') ? undefined : local;
}
