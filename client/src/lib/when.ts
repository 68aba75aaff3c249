/** When a run starts that somebody asks for. */

export type When = { kind: 'now' } | { kind: 'at'; at: string } | { kind: 'in'; minutes: string };

/** The longest that a run can wait, in minutes: a year. */
const LONGEST = 525_600;

type Start = { scheduled_at?: string; delay_seconds?: number };

/** The start as the API has it, or what is wrong with it. */
export function startOf(when: When, now: Date): Start | { problem: string } {
  if (when.kind === 'now') return {};
  if (when.kind === 'in') {
    const minutes = /^\d{1,6}$/.test(when.minutes.trim()) ? Number(when.minutes) : 0;
    if (minutes < 1 || minutes > LONGEST) return { problem: 'Enter whole minutes, from 1 to 525,600 (a year)' };
    return { delay_seconds: minutes * 60 };
  }
  const at = new Date(when.at);
  if (Number.isNaN(at.getTime())) return { problem: 'Enter a day and a time' };
  if (at <= now) return { problem: 'Enter a time that is still to come' };
  if (at.getTime() - now.getTime() > LONGEST * 60_000) return { problem: 'Enter a time within a year' };
  return { scheduled_at: at.toISOString() };
}

/** Local time in one hour, as the browser's control takes it. */
export function inOneHour(): string {
  const time = new Date(Date.now() + 3_600_000);
  time.setMinutes(time.getMinutes() - time.getTimezoneOffset());
  return time.toISOString().slice(0, 16);
}
