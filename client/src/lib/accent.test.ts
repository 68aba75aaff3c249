import { describe, expect, it } from 'vitest';
import { accentStyle, contrast, READABLE, shades } from './accent';

const COLOURS = ['#000000', '#ffffff', '#ffff00', '#00ff88', '#336699', '#ff0000', '#808080', '#101010', '#8a2be2'];

describe('shades of a colour', () => {
  it('measures contrast as WCAG does', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#ffffff', '#ffffff')).toBe(1);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
    expect(contrast('#ffffff', '#777777')).toBeCloseTo(4.48, 2);
  });

  it.each(COLOURS)('can be read in both themes: %s', (colour) => {
    for (const [theme, surface] of [['light', '#ffffff'], ['light', '#f0f1f5'], ['dark', '#18191e'], ['dark', '#26282e']] as const) {
      const { accent, hover, text, soft } = shades(colour, theme);
      expect(contrast(accent, '#ffffff')).toBeGreaterThanOrEqual(READABLE);
      expect(contrast(hover, '#ffffff')).toBeGreaterThanOrEqual(READABLE);
      expect(contrast(text, soft)).toBeGreaterThanOrEqual(READABLE);
      expect(contrast(text, surface)).toBeGreaterThanOrEqual(READABLE);
    }
  });

  it('leaves a colour that can be read as it is', () => {
    expect(shades('#1d4ed8', 'light').accent).toBe('#1d4ed8');
    expect(shades('#1d4ed8', 'light').text).toBe('#1d4ed8');
    expect(shades('#1d4ed8', 'dark').text).not.toBe('#1d4ed8');
  });

  it('is a style sheet for both', () => {
    expect(accentStyle('#336699')).toMatch(/^:root\{--accent:#[\da-f]{6};.*\}\[data-theme='dark'\]\{--accent:#[\da-f]{6};.*\}$/);
  });
});
