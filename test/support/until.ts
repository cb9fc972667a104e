/**
 * Waits for a condition, looking again and again; fails loudly when it does not come.
 * @param limitMs real time, generous: it only matters when the test fails
 */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 120_000): Promise<void> {
  const endAt = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > endAt) throw new Error(`Never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
