import { describe, expect, it } from 'vitest';
import type { Json } from '@/expressions';
import { toYaml } from './yaml';

describe('YAML', () => {
  it('is what people write by hand', () => {
    const form: Json = {
      name: 'New user',
      workflow: 'workflows/users.py::create',
      fields: [
        { name: 'country', type: 'select', options: [{ label: 'Germany', value: 'DE' }], required: true },
        { name: 'note', type: 'markdown', content: '# Hello\n\nTwo lines' },
      ],
      nothing: [],
      none: {},
    };
    expect(toYaml(form)).toBe(
      [
        'name: New user',
        'workflow: workflows/users.py::create',
        'fields:',
        '  - name: country',
        '    type: select',
        '    options:',
        '      - label: Germany',
        '        value: DE',
        '    required: true',
        '  - name: note',
        '    type: markdown',
        '    content: |-',
        '      # Hello',
        '',
        '      Two lines',
        'nothing: []',
        'none: {}',
        '',
      ].join('\n'),
    );
  });

  it('quotes whatever YAML would read as something else', () => {
    for (const text of ['', 'yes', 'No', 'null', '1', '1.5', '-', '- a', 'a: b', 'a #b', '"a"', "'a'", 'a:', 'a  b', '{a', '[a', '*a', '&a', '!a', '%a', '@a', '`a', '>', '|', '?', 'a\tb', '2026-01-31', '~', ' a', 'a ']) {
      expect(toYaml({ text }), text).toBe(`text: ${JSON.stringify(text)}\n`);
    }
  });

  it('leaves rules and words as they are', () => {
    for (const text of ["it's", 'fields.count > 1 && fields.kind == "t"', 'size(fields.list) != 0 && [1] == {}', 'a, b', 'Größe', 'has#', 'a:b']) {
      expect(toYaml({ text }), text).toBe(`text: ${text}\n`);
    }
    expect(toYaml({ text: '!fields.a' })).toBe('text: "!fields.a"\n');
  });

  it('keeps lines that begin with room, or end with many ends, as they are', () => {
    for (const text of ['  a\nb', 'a\n\n', '\na', 'a\rb\n']) expect(toYaml([text])).toBe(`- ${JSON.stringify(text)}\n`);
    expect(toYaml(['a\u2028b\n\u0085'])).toBe('- "a\\u2028b\\n\\u0085"\n');
    expect(toYaml({ text: 'a\n  b\n' })).toBe('text: |\n  a\n    b\n');
    expect(toYaml(['a\nb'])).toBe('- |-\n  a\n  b\n');
  });

  it('takes numbers, true and nothing', () => {
    expect(toYaml([1, 1.5, true, null, [1, [2]], { 'a b': { true: 1 } }])).toBe(
      '- 1\n- 1.5\n- true\n- null\n- - 1\n  - - 2\n- a b:\n    "true": 1\n',
    );
  });
});
