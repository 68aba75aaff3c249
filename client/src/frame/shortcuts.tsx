/** Keys that lead to screens, rows and the search, and the list of them. */
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useMe } from '@/api/session';
import { Dialog } from '@/ui/dialog';
import { placesFor, type Place } from './navigation';
import { areShortcutsOn, GOALS, meaningOf, nextRow, takesText, WITHIN } from './shortcut-keys';

/** While one of these is open, keys are its own. */
const ABOVE = '[role="dialog"], [role="alertdialog"], [role="menu"]';

export default function Shortcuts() {
  const me = useMe();
  const navigate = useNavigate();
  const [helping, setHelping] = useState(false);
  const places = placesFor(me).flatMap((group) => group.places);
  const latest = useRef({ places, navigate });
  latest.current = { places, navigate };
  useEffect(() => {
    let begunAt = -WITHIN;
    const press = (event: KeyboardEvent) => {
      if (!isFree(event) || !areShortcutsOn()) return;
      const meaning = meaningOf(event.key, event.timeStamp - begunAt < WITHIN);
      begunAt = -WITHIN;
      if (meaning === undefined) return;
      if ('go' in meaning) {
        const { places: open, navigate: go } = latest.current;
        if (!open.some(({ to }) => to === meaning.go)) return;
        void go({ to: meaning.go });
      } else if (meaning.do === 'begin') begunAt = event.timeStamp;
      else if (meaning.do === 'help') setHelping(true);
      else if (meaning.do === 'search') focusSearch();
      else focusRow(meaning.do === 'down' ? 1 : -1);
      event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  return helping && <Help places={places} onClose={() => setHelping(false)} />;
}

function isFree(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return false;
  if (event.target instanceof HTMLElement && takesText(event.target)) return false;
  return document.querySelector(ABOVE) === null;
}

function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('#main input[type="search"]');
  field?.focus();
  field?.select();
}

/** The link of the next row, which Enter follows. */
function focusRow(by: 1 | -1): void {
  const rows = [...document.querySelectorAll('#main [data-rows] > tr')];
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[nextRow(rows.length, at, by)];
  row?.querySelector<HTMLElement>('a[href], button')?.focus();
  row?.scrollIntoView({ block: 'nearest' });
}

const GENERAL: [keys: string[], label: string][] = [
  [['Ctrl', 'K'], 'Search and commands'],
  [['?'], 'This list'],
  [['/'], 'The search of the screen'],
  [['j'], 'The next row of a table'],
  [['k'], 'The row before'],
  [['Enter'], 'Open the row'],
];

function Help({ places, onClose }: { places: Place[]; onClose: () => void }) {
  const letters = Object.entries(GOALS).flatMap(([letter, to]): [string[], string][] => {
    const place = places.find((one) => one.to === to);
    return place === undefined ? [] : [[['g', letter], place.label]];
  });
  return (
    <Dialog open onClose={onClose} title="Keys" description="While nobody is typing. They can be turned off under “Sign-in and sessions”.">
      <div className="grid gap-5 sm:grid-cols-2">
        <List title="Everywhere" rows={GENERAL} />
        <List title="Go to" rows={letters} />
      </div>
    </Dialog>
  );
}

const List = ({ title, rows }: { title: string; rows: [keys: string[], label: string][] }) => (
  <section className="grid content-start gap-2">
    <h3 className="text-ui font-semibold">{title}</h3>
    <dl className="grid grid-cols-[auto_1fr] items-center gap-x-3 gap-y-1.5 text-ui">
      {rows.map(([keys, label]) => (
        <div key={label} className="contents">
          <dt className="flex gap-1">
            {keys.map((key) => (
              <kbd key={key} className="rounded border bg-sunken px-1.5 font-sans text-xs text-muted">
                {key}
              </kbd>
            ))}
          </dt>
          <dd>{label}</dd>
        </div>
      ))}
    </dl>
  </section>
);
