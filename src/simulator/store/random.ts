/** Deterministic randomness: the same seed gives the same uids, names and faults. Mulberry32; not for secrets of a real system. */
export class SeededRandom {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** True in `rate` of the calls; 0 never, 1 always. */
  chance(rate: number): boolean {
    return rate > 0 && this.next() < rate;
  }

  /** A UUID of version 4 in form. */
  uuid(): string {
    const hex = (n: number): string => (this.next() * 2 ** 32 >>> 0).toString(16).padStart(8, '0').slice(0, n);
    const variant = '89ab'[Math.floor(this.next() * 4)] ?? '8';
    return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(8)}${hex(4)}`;
  }

  /** What the API server appends to generateName: five of an alphabet without vowels and look-alikes (k8s.io/apimachinery, util/rand). */
  suffix(length = 5): string {
    const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
    let text = '';
    for (let i = 0; i < length; i++) text += alphabet[Math.floor(this.next() * alphabet.length)] ?? 'b';
    return text;
  }
}
