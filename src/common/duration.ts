const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1, us: 1e-3, 'µs': 1e-3, ns: 1e-6 } as const;

/**
 * Reads a Go duration (`1440h0m0s`, `1h30m`, `90s`), as the Kubernetes API writes them.
 * @returns milliseconds, or null if the text is no duration
 * @see Go's time.ParseDuration
 */
export function parseGoDuration(text: string): number | null {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(h|ms|m|s|us|µs|ns))+$/.test(text)) return null;
  let ms = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)) {
    ms += Number(value) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return ms;
}

/** Writes milliseconds as Go prints a duration: `1440h0m0s`, `1m30s`, `0s`. Parts below a second are dropped. */
export function formatGoDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  const h = Math.trunc(seconds / 3600);
  const m = Math.trunc((seconds % 3600) / 60);
  const s = seconds % 60;
  if (h > 0) return `${h}h${m}m${s}s`;
  return m > 0 ? `${m}m${s}s` : `${s}s`;
}

const WORDS = [['day', 86_400_000], ['hour', UNIT_MS.h], ['minute', UNIT_MS.m], ['second', UNIT_MS.s]] as const;

/** A length of time for people, in its two greatest units: `1 day 3 hours`, `30 minutes`, `0 seconds`. */
export function inWords(ms: number): string {
  let rest = Math.max(0, Math.round(ms / 1000) * 1000);
  const counted = WORDS.map(([word, unitMs]) => {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    return { word, count };
  });
  const from = counted.findIndex(({ count }) => count > 0);
  if (from === -1) return '0 seconds';
  return counted.slice(from, from + 2).filter(({ count }) => count > 0).map(({ word, count }) => `${count} ${word}${count === 1 ? '' : 's'}`).join(' ');
}
