/** Secret values that must turn up nowhere, and where to look for them. */

/** Shorter ones would be found by chance. */
const MIN_LENGTH = 16;
/** Enough of a value to know it by, also where it was cut off. */
const KNOWN_BY = 24;

/** What a value looks like where somebody wrote it down: as it is, and in base64 at each of the three alignments that it may have inside something longer. */
export function tracesOf(value: string): string[] {
  if (value.length < MIN_LENGTH) throw new RangeError(`${value.length} characters are no canary`);
  // A JWT's head is the same for all of them, and its claims may be known: the signature is the secret
  const tail = value.slice(-KNOWN_BY);
  const encoded = [0, 1, 2].map((pad) => {
    const text = Buffer.from(' '.repeat(pad) + value).toString('base64').replace(/=+$/, '');
    return text.slice(-KNOWN_BY - 2, -2); // the last characters depend on what follows
  });
  return [...new Set([tail, ...encoded, ...encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))])];
}

/** The first place where each leaked value turns up, as `name in place: …the text before it`. Empty: nothing leaked. */
export function leaks(canaries: ReadonlyMap<string, string>, places: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [name, value] of canaries) {
    const traces = tracesOf(value);
    for (const [place, text] of places) {
      const at = traces.map((trace) => text.indexOf(trace)).find((index) => index >= 0);
      if (at !== undefined) found.push(`${name} in ${place}: …${text.slice(Math.max(0, at - 120), at)}`);
    }
  }
  return found;
}
