/** From the parameters of a workflow to the fields of a form, and from what was entered to input. */
import type { FieldErrors, Resolver } from 'react-hook-form';
import type { Parameter } from '@/api/types';
import { valueOf } from './entered';
import { problemOf, rulesOf, type Rules } from './rules';

/** A choice of a field. */
export interface Choice {
  label: string;
  value: unknown;
}

export type FieldKind = 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'choices' | 'list' | 'json';

/** A field of a form. */
export interface Field {
  name: string;
  label: string;
  kind: FieldKind;
  /** What its value is, also where it is a choice. */
  of: FieldKind;
  required: boolean;
  help: string | undefined;
  /** What is used where the field stays empty. */
  fallback: unknown;
  choices: Choice[];
  /** The data provider that knows the choices. */
  provider: string | undefined;
  /** What a value has to keep to. */
  rules: Rules;
}

/** What a field holds while it is edited: a flag for booleans, text for all others, JSON for several choices. */
export type Entered = string | boolean;

const KINDS: Record<string, FieldKind> = {
  string: 'text',
  int: 'integer',
  float: 'number',
  bool: 'boolean',
  list: 'list',
};

/** The same by the names of JSON Schema. */
const SCHEMA_KINDS: Record<string, FieldKind> = {
  string: 'text',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  array: 'list',
};

/** A field with a choice is one, whatever its type. */
function kindOf(kind: FieldKind, choices: readonly Choice[], provider: string | undefined): FieldKind {
  if (choices.length === 0 && provider === undefined) return kind;
  return kind === 'list' ? 'choices' : 'choice';
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

const letters = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();

/** A label that was made of the name, as a sentence: `As Of` is `As of`. */
const inSentenceCase = (field: Field): Field =>
  letters(field.label) === letters(field.name) ? { ...field, label: field.label.replace(/ [A-Z][a-z]*\b/g, (word) => word.toLowerCase()) } : field;

/** The fields of a workflow's form; drafts and lists have no schema. */
export function fieldsOfWorkflow(workflow: { parameters: readonly Parameter[]; parameters_schema?: Record<string, unknown> | null }): Field[] {
  const { parameters, parameters_schema: schema } = workflow;
  return (schema == null ? fieldsOf(parameters) : fieldsOfSchema(schema)).map(inSentenceCase);
}

/** The fields that parameters make. */
export function fieldsOf(parameters: readonly Parameter[]): Field[] {
  return parameters.map((parameter) => {
    const choices = choicesOf(parameter.options);
    const provider = textOf(parameter.data_provider);
    const of = KINDS[parameter.type] ?? 'json';
    return {
      name: parameter.name,
      label: parameter.label || parameter.name,
      kind: kindOf(of, choices, provider),
      of,
      required: parameter.required,
      help: textOf(parameter.description),
      fallback: parameter.default_value ?? undefined,
      choices,
      provider,
      rules: parameter.type in KINDS ? rulesOf(recordOf(parameter.validation)) : {},
    };
  });
}

/** The fields that a JSON Schema of an object makes, in its `x-order`. */
export function fieldsOfSchema(schema: Record<string, unknown>): Field[] {
  const properties = recordOf(schema.properties);
  const order = listOf(schema['x-order']);
  const required = listOf(schema.required);
  const names = Object.keys(properties);
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return names
    .sort((one, other) => place(one) - place(other))
    .map((name) => {
      const property = recordOf(properties[name]);
      // A type may be one of two where nothing is allowed as well.
      const type = listOf(property.type).find((one) => one !== 'null') ?? property.type;
      const options = listOf(property.enum ?? recordOf(property.items).enum).filter((value) => value !== null);
      const choices = choicesOf(options);
      const provider = textOf(property['x-data-provider']);
      const of = SCHEMA_KINDS[String(type)] ?? 'json';
      return {
        name,
        label: textOf(property.title) ?? name,
        kind: kindOf(of, choices, provider),
        of,
        required: required.includes(name),
        help: textOf(property.description),
        fallback: property.default ?? undefined,
        choices,
        provider,
        rules: rulesOf(property),
      };
    });
}

/** Reads options: `{label, value}`, or bare values. */
export function choicesOf(options: unknown): Choice[] {
  if (!Array.isArray(options)) return [];
  return options.map((option: unknown) => {
    if (typeof option !== 'object' || option === null || !('value' in option)) {
      return { label: String(option), value: option };
    }
    const label = 'label' in option && typeof option.label === 'string' ? option.label : String(option.value);
    return { label, value: option.value };
  });
}

/** What a field shows at first: what an earlier run had, or the default. */
export function initial(field: Field, input: Record<string, unknown> = {}): Entered {
  const value = field.name in input ? input[field.name] : field.fallback;
  if (field.kind === 'boolean') return value === true;
  if (value === undefined || value === null) return '';
  if (field.kind === 'choice') return keyOf(value);
  if (field.kind === 'choices') return JSON.stringify(Array.isArray(value) ? value : [value]);
  if (field.kind === 'list' && Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    return value.join('\n');
  }
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** A choice's value as the text of an option. */
export const keyOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Either the input's value (`undefined`: leave it out) or what is wrong with it. */
export type Read = { value: unknown } | { problem: string };

/** Reads what was entered, and looks whether it keeps to the field's rules. */
export function read(field: Field, entered: Entered, choices: readonly Choice[] = field.choices): Read {
  const result = typed(field, entered, choices);
  const problem = 'problem' in result ? undefined : problemOf(field.rules, result.value);
  return problem === undefined ? result : { problem };
}

function typed(field: Field, entered: Entered, choices: readonly Choice[]): Read {
  if (typeof entered === 'boolean') return { value: entered };
  const text = field.kind === 'text' ? entered : entered.trim();
  if (text === '' || (field.kind === 'choices' && text === '[]')) {
    return field.required ? { problem: `${field.label} is needed.` } : { value: undefined };
  }
  switch (field.kind) {
    case 'integer':
      return /^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text))
        ? { value: Number(text) }
        : { problem: 'Enter a whole number, such as 42.' };
    case 'number': {
      const number = Number(text);
      return Number.isFinite(number) ? { value: number } : { problem: 'Enter a number, such as 4.2.' };
    }
    case 'choice': {
      const choice = choices.find((one) => keyOf(one.value) === text);
      return choice === undefined ? unlisted(field, text) : { value: choice.value };
    }
    case 'choices':
    case 'list':
      return text.startsWith('[') ? list(text) : { value: text.split('\n').map((item) => item.trim()) };
    case 'json':
      return json(text);
    default:
      return { value: text };
  }
}

/** A choice that is not at hand, such as one of a data provider, is of the type that is asked for. */
function unlisted(field: Field, text: string): Read {
  if (field.of === 'boolean') return { value: text === 'true' };
  if (field.of === 'json') return { value: valueOf(text) };
  return typed({ ...field, kind: field.of }, text, []);
}

function json(text: string): Read {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { problem: `This is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function list(text: string): Read {
  const result = json(text);
  if ('value' in result && !Array.isArray(result.value)) return { problem: 'Enter a JSON list, or one item per line.' };
  return result;
}

/** The whole form: input for a run, or problems by field. */
export type Input = { input: Record<string, unknown> } | { problems: Record<string, string> };

/** Reads a form. */
export function readAll(fields: readonly Field[], entered: Record<string, Entered>): Input {
  const input: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const result = read(field, entered[field.name] ?? '');
    if ('problem' in result) problems[field.name] = result.problem;
    else if (result.value !== undefined) input[field.name] = result.value;
  }
  return Object.keys(problems).length > 0 ? { problems } : { input };
}

/** What a form holds while it is edited. */
export type Values = Record<string, Entered>;

/** Reads the whole form at once; problems stand at their fields. */
export const resolver =
  (fields: readonly Field[]): Resolver<Values, unknown, Record<string, unknown>> =>
  (values) => {
    const result = readAll(fields, values);
    if ('input' in result) return { values: result.input, errors: {} };
    const errors = Object.entries(result.problems).map(([name, message]) => [name, { type: 'value', message }]);
    return { values: {}, errors: Object.fromEntries(errors) as FieldErrors<Values> };
  };
