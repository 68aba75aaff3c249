/** Any value of JSON. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What an expression sees. What is missing is null for it. */
export interface Scope {
  /** The values of the form. */
  fields: { [name: string]: Json };
  /** Who fills the form in, and where: `user`, `organization`, `query`. */
  context?: { [name: string]: Json };
  /** The time, as `2026-11-26T08:39:00+01:00`. `date(now)` is the day that is written in it. */
  now?: string;
}

/**
 * - `syntax`: the source is no expression;
 * - `type`, `value`: a value has the wrong type, or cannot be used;
 * - `limit`: too much work, or too large a result;
 * - `request`: the input is no JSON that can be read.
 */
export type Kind = 'syntax' | 'type' | 'value' | 'limit' | 'request';

/** What is wrong with an expression, and where. */
export interface Diagnostic {
  kind: Kind;
  /** What is wrong, and what to write instead. */
  message: string;
  /** Where the part at fault begins, as an index of the source. */
  from: number;
  /** The index behind it; the same as `from` where something is missing. */
  to: number;
}

/** The value of an expression, or why it has none. */
export type Result = { ok: true; value: Json } | { ok: false; error: Diagnostic };

interface Failure {
  kind: Kind;
  message: string;
  /** In characters, not in UTF-16 as indices of strings are. */
  position: number;
  length: number;
}

type Answer = { value: Json } | { fields: string[] } | { state: FormState } | { error: Failure };

/** What is filled in, and what is around it. */
export interface FormInput {
  /** By the names of fields. What is not in it has its default; null, `""` and `[]` are nothing. */
  values: { [name: string]: Json };
  /** As the server has answered when the form was opened. */
  context: { [name: string]: Json };
  /** The time, as `2026-11-26T08:39:00+01:00`. */
  now: string;
  /**
   * What can be chosen in fields whose options a data provider says: values, or objects with `value` and perhaps
   * `metadata`, as the server answers them. Where nothing is given, every value may be one of them.
   */
  options?: { [field: string]: Json[] };
  /** What data providers of defaults have answered, as options; the first one counts. */
  defaults?: { [field: string]: Json[] };
}

/** What is true of one field. */
export interface FieldState {
  visible: boolean;
  /** False: it has its default, whatever is filled in. */
  enabled: boolean;
  /** True: it has to be filled in. */
  required: boolean;
  /** There at first. */
  default: Json;
  /** True: it has its default, and that is what the data provider of its default says. */
  needs_default: boolean;
  /** What keeps it from being submitted, for whoever fills it in. */
  error: string | null;
}

/** What is true of a form that is being filled in. What holds is what the server comes to. */
export interface FormState {
  fields: { [name: string]: FieldState };
  /** What would be submitted. */
  data: { [name: string]: Json };
  /** Names of values that no field has. */
  unknown: string[];
  is_valid: boolean;
}

interface Exports {
  memory: WebAssembly.Memory;
  input(length: number): number;
  check(): bigint;
  evaluate(): bigint;
  form(): bigint;
}

/** The evaluator that the server has too, as a module of WebAssembly. It does nothing by itself. */
export class Evaluator {
  readonly #module: WebAssembly.Module;
  #exports: Exports;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
    this.#exports = start(module);
  }

  /** Bytes of memory that the module has taken. */
  get memory(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** What is wrong with a source, before there is an input. */
  check(source: string): Diagnostic | null {
    const answer = this.#ask('check', { source });
    return 'error' in answer ? diagnostic(source, answer.error) : null;
  }

  /** The names of the fields that an expression uses; none when it is wrong. */
  fields(source: string): string[] {
    const answer = this.#ask('check', { source });
    return 'fields' in answer ? answer.fields : [];
  }

  /** The value of an expression for an input. */
  evaluate(source: string, scope: Scope): Result {
    const answer = this.#ask('evaluate', { source, scope });
    if ('value' in answer) return { ok: true, value: answer.value };
    const error = 'error' in answer ? answer.error : failure('request', 'the evaluator gave no answer');
    return { ok: false, error: diagnostic(source, error) };
  }

  /** Whether a condition holds; null does not. Other values are errors of the kind `type`. */
  evaluateBool(source: string, scope: Scope): Result & ({ ok: true; value: boolean } | { ok: false }) {
    const result = this.evaluate(source, scope);
    if (!result.ok) return result;
    if (result.value === null) return { ok: true, value: false };
    if (typeof result.value === 'boolean') return { ok: true, value: result.value };
    const message = 'the value of a condition is true or false; compare it, or ask whether it is `empty(…)`';
    return { ok: false, error: { kind: 'type', message, from: 0, to: source.length } };
  }

  /**
   * What is true of a form for what is filled in. The definition is as the server saved it.
   *
   * @throws when the definition is none, or the input no JSON that can be read.
   */
  form(definition: object, input: FormInput): FormState {
    const answer = this.#ask('form', { definition, input });
    if ('state' in answer) return answer.state;
    throw new Error('error' in answer ? answer.error.message : 'the evaluator gave no answer');
  }

  #ask(what: 'check' | 'evaluate' | 'form', request: object): Answer {
    const bytes = new TextEncoder().encode(JSON.stringify(request));
    try {
      const { memory, input } = this.#exports;
      const room = input(bytes.length) >>> 0;
      new Uint8Array(memory.buffer, room, bytes.length).set(bytes);
      const at = BigInt.asUintN(64, this.#exports[what]());
      const answer = new Uint8Array(memory.buffer, Number(at >> 32n), Number(at & 0xffff_ffffn));
      return JSON.parse(new TextDecoder().decode(answer)) as Answer;
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error;
      // The module stopped where it stood, for want of memory: it is started anew.
      this.#exports = start(this.#module);
      return { error: failure('limit', 'there is not enough memory to evaluate this expression') };
    }
  }
}

function start(module: WebAssembly.Module): Exports {
  return new WebAssembly.Instance(module).exports as unknown as Exports;
}

function failure(kind: Kind, message: string): Failure {
  return { kind, message, position: 0, length: 0 };
}

function diagnostic(source: string, { kind, message, position, length }: Failure): Diagnostic {
  const from = index(source, 0, position);
  return { kind, message, from, to: index(source, from, length) };
}

/** The index that is some characters behind another: those beyond U+FFFF are two units of a string. */
function index(source: string, from: number, characters: number): number {
  let at = from;
  for (let left = characters; left > 0 && at < source.length; left -= 1) {
    at += (source.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return at;
}
