/** What is on its way still arrives, and a server that retires every connection is asked no oftener than this. */
const GRACE_MS = 1_000;

/** Ends a watch some time after its connection was told to go away. */
export class Retirement {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  readonly begin = (): void => {
    this.timer ??= setTimeout(() => this.controller.abort(), GRACE_MS);
  };

  dispose(): void {
    clearTimeout(this.timer);
  }
}
