/** A form that is being built: new fields, their order and names, and what is left out when it is kept. */
import type { FieldType, FormDefinition, FormField, FormView, ProviderInput } from '@/api/forms';
import type { Parameter } from '@/api/types';
import type { Json } from '@/expressions';
import { choicesOf } from './parameters';
import { words } from './table';

/** The largest number of fields. */
export const MOST_FIELDS = 50;

const FORM_KEYS = [
  'name',
  'description',
  'workflow',
  'launch_workflow',
  'launch_parameters',
  'query_parameters',
  'access',
  'fields',
] as const satisfies readonly (keyof FormDefinition)[];

const FIELD_KEYS = [
  'name',
  'label',
  'type',
  'required',
  'required_expression',
  'help_text',
  'placeholder',
  'content',
  'default_value',
  'default_expression',
  'default_data_provider',
  'default_data_provider_inputs',
  'visibility_expression',
  'enabled_expression',
  'validation',
  'options',
  'data_provider',
  'data_provider_inputs',
  'auto_fill',
  'allow_as_query_param',
  'allowed_types',
  'multiple',
  'max_size_mb',
] as const satisfies readonly (keyof FormField)[];

/** Rules of a field that are expressions. */
export const RULES = [
  'visibility_expression',
  'enabled_expression',
  'required_expression',
  'default_expression',
] as const satisfies readonly (keyof FormField)[];

export type Rule = (typeof RULES)[number];

/** A form without anything in it. */
export const emptyForm = (workflow = ''): FormDefinition => ({ name: '', workflow, access: 'authenticated', fields: [] });

/** What of an answer of the API can be changed. */
export const draftOf = (view: FormView): FormDefinition => tidy(view);

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** The definition in the order of its keys, without what says nothing. */
export function tidy(form: FormDefinition): FormDefinition {
  const kept = pick({ ...form }, FORM_KEYS, ['name', 'workflow', 'access', 'fields']);
  return { ...kept, fields: form.fields.map(tidyField) } as FormDefinition;
}

function tidyField(field: FormField): FormField {
  const left = leftOut(field);
  const rules = Object.keys(field.validation ?? {}).filter((rule) => !left.includes(`validation.${rule}`));
  const validation = pick({ ...field.validation }, rules, []);
  const options = field.options?.map(({ label, value }) => ({ label, value }));
  const keys = FIELD_KEYS.filter((key) => !left.includes(key));
  const always = field.default_value === false ? ['name', 'type', 'default_value'] : ['name', 'type'];
  return pick({ ...field, validation, options }, keys, always) as unknown as FormField;
}

/** What means nothing for a field of this type: it stays behind when the type is changed, and is refused. */
function leftOut(field: FormField): string[] {
  const { type } = field;
  const isShown = type === 'markdown' || type === 'html';
  const isChosen = type === 'select' || type === 'radio' || type === 'multi_select';
  const isProvided = isChosen && (field.data_provider ?? '') !== '';
  const isText = type === 'text' || type === 'textarea' || type === 'email';
  const hasBounds = type === 'number' || type === 'date' || type === 'datetime';
  const left: string[] = [];
  if (isShown) left.push('required', 'required_expression', 'enabled_expression', 'validation', 'help_text', 'placeholder');
  else left.push('content');
  const isDefaulted = !isShown && type !== 'file';
  if (!isDefaulted) left.push('default_value', 'default_expression', 'default_data_provider', 'allow_as_query_param');
  if (!isDefaulted || (field.default_data_provider ?? '') === '') left.push('default_data_provider_inputs');
  if (type !== 'file') left.push('allowed_types', 'multiple', 'max_size_mb');
  if (!isChosen || isProvided) left.push('options');
  if (!isChosen) left.push('data_provider');
  if (!isProvided) left.push('data_provider_inputs');
  if (!isProvided || type === 'multi_select') left.push('auto_fill');
  if (!isText) left.push('validation.pattern', 'validation.min_length', 'validation.max_length');
  if (!hasBounds) left.push('validation.min', 'validation.max');
  return left;
}

function pick(from: Record<string, unknown>, keys: readonly string[], always: readonly string[]): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key of keys) if (always.includes(key) || !isEmpty(from[key])) kept[key] = from[key];
  return kept;
}

/** A name that no field has yet: `name`, `name_2`, and so on. */
export function freeName(name: string, taken: readonly string[]): string {
  for (let count = 1; ; count += 1) {
    const tried = count === 1 ? name : `${name}_${count}`;
    if (!taken.includes(tried)) return tried;
  }
}

/** A label as the name of a field: `Start date` is `start_date`. */
export function nameFrom(label: string): string {
  const plain = label
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/ß/g, 'ss')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return (/^\d/.test(plain) ? `_${plain}` : plain).slice(0, 64) || 'field';
}

/** What is wrong with the name of a field. */
export function nameProblem(name: string, taken: readonly string[]): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) return 'Enter letters, digits and _, with no digit first';
  return taken.includes(name) ? `There is a field “${name}” already` : undefined;
}

const LABELS: Record<FieldType, string> = {
  text: 'Text',
  email: 'E-mail',
  number: 'Number',
  select: 'Choice',
  multi_select: 'Choices',
  checkbox: 'Yes or no',
  textarea: 'Long text',
  radio: 'Choice',
  date: 'Date',
  datetime: 'Date and time',
  markdown: 'Note',
  html: 'HTML',
  file: 'File',
};

/** A field of a type, with a name that is free. */
export function newField(type: FieldType, taken: readonly string[]): FormField {
  const label = LABELS[type];
  const field: FormField = { name: freeName(nameFrom(label), taken), type };
  if (type === 'markdown') return { ...field, content: '**Note:** say here what people should know.' };
  if (type === 'html') return { ...field, content: '<p>Say here what people should know.</p>' };
  if (type === 'select' || type === 'multi_select' || type === 'radio') {
    return { ...field, label, options: [{ label: 'One', value: 'one' }, { label: 'Two', value: 'two' }] };
  }
  return { ...field, label };
}

/** Types that one field can hold; others need choices. */
const TYPES: Record<string, FieldType> = { string: 'text', int: 'number', float: 'number', bool: 'checkbox' };
/** What a default has to be, so that the field can hold it. */
const HOLDS: Partial<Record<FieldType, string>> = { text: 'string', number: 'number', checkbox: 'boolean' };

/** Fields for the parameters of a workflow, without those that are there already. */
export function fieldsFor(parameters: readonly Parameter[], taken: readonly string[]): FormField[] {
  return parameters.flatMap((parameter): FormField[] => {
    const options = choicesOf(parameter.options).map(({ label, value }) => ({ label, value: value as Json }));
    const provider = typeof parameter.data_provider === 'string' ? parameter.data_provider : undefined;
    const isChosen = options.length > 0 || provider !== undefined;
    const type = isChosen ? (parameter.type === 'list' ? 'multi_select' : 'select') : TYPES[parameter.type];
    if (type === undefined || taken.includes(parameter.name)) return [];
    const help = typeof parameter.description === 'string' ? parameter.description : '';
    const value = parameter.default_value as Json | undefined;
    const holds = HOLDS[type];
    const field: FormField = {
      name: parameter.name,
      label: parameter.label && parameter.label !== parameter.name ? parameter.label : words(parameter.name),
      type,
      required: parameter.required && type !== 'checkbox',
      help_text: help,
      default_value: value != null && (holds === undefined || typeof value === holds) ? value : undefined,
      options: provider === undefined ? options : undefined,
      data_provider: provider,
    };
    return [tidyField(field)];
  });
}

/** A list in which one item stands elsewhere. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = list.filter((_, at) => at !== from);
  const item = list[from];
  if (item === undefined) return [...list];
  return [...rest.slice(0, to), item, ...rest.slice(to)];
}

/** The form with a field under another name, wherever it is spoken of. */
export function renamed(form: FormDefinition, from: string, to: string): FormDefinition {
  if (from === to) return form;
  const rule = (text: string | null | undefined) => (text == null ? text : renamedIn(text, from, to));
  const fields = form.fields.map((field): FormField => {
    const { data_provider_inputs: inputs, default_data_provider_inputs: defaultInputs } = field;
    const filled = Object.entries(field.auto_fill ?? {}).map(([name, key]) => [name === from ? to : name, key]);
    const rules = Object.fromEntries(RULES.flatMap((name) => (field[name] == null ? [] : [[name, rule(field[name])]])));
    return {
      ...field,
      ...rules,
      name: field.name === from ? to : field.name,
      ...(field.validation?.expression == null
        ? {}
        : { validation: { ...field.validation, expression: rule(field.validation.expression) } }),
      ...(inputs === undefined ? {} : { data_provider_inputs: inputsUnder(inputs, from, to) }),
      ...(defaultInputs === undefined ? {} : { default_data_provider_inputs: inputsUnder(defaultInputs, from, to) }),
      ...(filled.length > 0 ? { auto_fill: Object.fromEntries(filled) } : {}),
    };
  });
  return { ...form, fields };
}

/** Inputs of a data provider that speak of a field under its new name. */
const inputsUnder = (inputs: Record<string, ProviderInput>, from: string, to: string): Record<string, ProviderInput> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, input]): [string, ProviderInput] => {
      if (input.mode === 'fieldRef' && input.field_name === from) return [name, { ...input, field_name: to }];
      if (input.mode === 'expression') return [name, { ...input, expression: renamedIn(input.expression, from, to) }];
      return [name, input];
    }),
  );

/** An expression that speaks of a field under its new name. Names have no signs that a pattern knows. */
const renamedIn = (text: string, from: string, to: string): string =>
  text
    .replace(new RegExp(`(?<![\\w.])fields\\s*\\.\\s*${from}(?!\\w)`, 'g'), `fields.${to}`)
    .replace(new RegExp(`(?<![\\w.])fields\\s*\\[\\s*(["'])${from}\\1\\s*\\]`, 'g'), `fields.${to}`);

/** Where a problem is: the number of its field and what of it, or a key of the form. */
export function placeOf(path: string): { field: number | undefined; key: string } {
  const [, index, key] = /^fields\[(\d+)\]\.?(.*)$/.exec(path) ?? [];
  return index === undefined ? { field: undefined, key: path } : { field: Number(index), key: key ?? '' };
}
