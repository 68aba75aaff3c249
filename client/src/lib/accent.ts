/** The shades that a platform's own colour has in each theme, so that text on them and in them can be read. */

/** Least contrast of text, as WCAG AA has it. */
export const READABLE = 4.5;

type Rgb = readonly [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/** Of each theme: what the colour is mixed into for soft surfaces, and the surface that is hardest to read on. */
const THEMES = {
  light: { base: WHITE, hardest: [240, 241, 245], towards: BLACK, soft: 0.9 },
  dark: { base: [24, 25, 30], hardest: [38, 40, 46], towards: WHITE, soft: 0.78 },
} as const satisfies Record<string, { base: Rgb; hardest: Rgb; towards: Rgb; soft: number }>;

export type ThemeName = keyof typeof THEMES;

/** Colours as `#rrggbb`. */
interface Shades {
  /** Under white text. */
  accent: string;
  hover: string;
  /** Of links and icons. */
  text: string;
  /** Under text in `text`. */
  soft: string;
}

const parse = (colour: string): Rgb => {
  const at = (index: number) => Number.parseInt(colour.slice(index, index + 2), 16);
  return [at(1), at(3), at(5)];
};

const format = (colour: Rgb): string => `#${colour.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;

const mix = (from: Rgb, to: Rgb, share: number): Rgb => {
  const part = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * share);
  return [part(0), part(1), part(2)];
};

function luminance(colour: Rgb): number {
  const linear = (part: number) => (part <= 10.31475 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2]);
}

function contrastOf(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** How well one colour is read on another: 1 to 21. */
export const contrast = (one: string, other: string): number => contrastOf(parse(one), parse(other));

/** The colour, as far towards another one as it needs to be read on all of these. */
function readable(colour: Rgb, on: readonly Rgb[], towards: Rgb): Rgb {
  for (let step = 0; step < 50; step++) {
    const tried = mix(colour, towards, step / 50);
    if (on.every((surface) => contrastOf(tried, surface) >= READABLE)) return tried;
  }
  return towards;
}

/** The shades of a colour, given as `#rrggbb`. */
export function shades(colour: string, theme: ThemeName): Shades {
  const { base, hardest, towards, soft } = THEMES[theme];
  const own = parse(colour);
  const accent = readable(own, [WHITE], BLACK);
  const softly = mix(own, base, soft);
  return {
    accent: format(accent),
    hover: format(mix(accent, BLACK, 0.12)),
    text: format(readable(own, [hardest, softly], towards)),
    soft: format(softly),
  };
}

/** The style sheet of a colour, for both themes. */
export function accentStyle(colour: string): string {
  const block = (selector: string, { accent, hover, text, soft }: Shades) =>
    `${selector}{--accent:${accent};--accent-hover:${hover};--accent-text:${text};--accent-soft:${soft}}`;
  return block(':root', shades(colour, 'light')) + block("[data-theme='dark']", shades(colour, 'dark'));
}
