import { describe, expect, it } from 'vitest';
import { askedWith } from './asked-with';
import { fieldsOf } from './parameters';

const fields = fieldsOf([
  { name: 'region', type: 'string', label: 'Region', required: true },
  { name: 'seats', type: 'int', label: 'Seats', required: false },
  { name: 'company', type: 'string', label: 'Company', required: true, data_provider: 'Companies' },
]);
const [region, , company] = fields;
if (region === undefined || company === undefined) throw new Error('three parameters are three fields');

const parameters = [
  { name: 'region', required: true },
  { name: 'seats', required: false },
  { name: 'company', required: false },
  { name: 'other', required: true },
];

describe('what a data provider is asked with', () => {
  it('is what fields of the same names hold', () => {
    expect(askedWith(parameters, company, fields, { region: 'eu', seats: '7', company: 'x' })).toEqual({ input: { region: 'eu', seats: 7 }, missing: [] });
    expect(askedWith(parameters, company, fields, { region: 'eu', seats: '' })).toEqual({ input: { region: 'eu' }, missing: [] });
  });

  it('waits for what the provider needs', () => {
    expect(askedWith(parameters, company, fields, { region: '', seats: 'seven' })).toEqual({ input: {}, missing: [region] });
  });

  it('is nothing for a provider without parameters', () => {
    expect(askedWith([], company, fields, { region: 'eu' })).toEqual({ input: {}, missing: [] });
  });
});
