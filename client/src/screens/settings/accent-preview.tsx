/** How a color looks in both themes, and how well it is read. */
import { contrast, shades, type ThemeName } from '@/lib/accent';

const THEMES: { theme: ThemeName; label: string; surface: string; ink: string }[] = [
  { theme: 'light', label: 'Light', surface: '#ffffff', ink: '#1b1d24' },
  { theme: 'dark', label: 'Dark', surface: '#18191e', ink: '#eeeff2' },
];

const ratio = (one: string, other: string): string => `${contrast(one, other).toFixed(1)} : 1`;

export function AccentPreview({ color }: { color: string }) {
  const adjusted = THEMES.filter(({ theme }) => {
    const { accent, text } = shades(color, theme);
    return accent !== color || text !== color;
  });
  return (
    <div className="grid gap-2">
      <div className="grid gap-3 sm:grid-cols-2">
        {THEMES.map(({ theme, label, surface, ink }) => {
          const { accent, text, soft } = shades(color, theme);
          return (
            <section key={theme} aria-label={`${label} theme`} className="grid gap-2 rounded-md border p-3" style={{ background: surface, color: ink }}>
              <p className="text-xs">{label}</p>
              <div className="flex flex-wrap items-center gap-2 text-ui font-medium">
                <span className="rounded-md px-3 py-1.5 text-white" style={{ background: accent }}>
                  Button
                </span>
                <span style={{ color: text }}>Link</span>
                <span className="rounded px-2 py-0.5" style={{ background: soft, color: text }}>
                  Selected
                </span>
              </div>
              <p className="text-xs">
                Contrast: button {ratio(accent, '#ffffff')}, link {ratio(text, surface)}
              </p>
            </section>
          );
        })}
      </div>
      {adjusted.length > 0 && (
        <p className="text-xs text-muted">
          Where text in this color, or on it, would be hard to read, a lighter or darker shade is used instead (WCAG AA asks
          for at least 4.5 : 1).
        </p>
      )}
    </div>
  );
}
