/** The process that is measured: the service as `npm start` runs it, and beside it only what tells its memory and CPU time. */
import 'reflect-metadata';
import { loadConfig } from '../config/config.js';
import { startService } from '../service.js';
import type { ProcessFigures } from './bench.types.js';

/** What the parent asks; each question has one answer. */
export type ServiceQuestion = 'mark' | 'figures' | 'stop';
export type ServiceAnswer = { readonly url: string; readonly key: string } | ProcessFigures | 'done';

/** Node tells the highest memory of the whole life only; between two marks it is looked at this often, in milliseconds. */
const LOOK_EVERY_MS = 50;

/** Memory and CPU time since a moment that can be moved. */
class Meter {
  private highest = process.memoryUsage.rss();
  private highestEver = 0;
  private cpu: NodeJS.CpuUsage = { user: 0, system: 0 };

  look(): void {
    this.highest = Math.max(this.highest, process.memoryUsage.rss());
  }

  mark(): void {
    globalThis.gc?.();
    this.highest = process.memoryUsage.rss();
    this.highestEver = process.resourceUsage().maxRSS;
    this.cpu = process.cpuUsage();
  }

  figures(): ProcessFigures {
    this.look();
    const { user, system } = process.cpuUsage(this.cpu);
    const { maxRSS } = process.resourceUsage(); // in kibibytes
    const highestRssBytes = maxRSS * 1024;
    const { rss: rssBytes, heapUsed: heapUsedBytes } = process.memoryUsage();
    return { rssBytes, heapUsedBytes, peakRssBytes: maxRSS > this.highestEver ? highestRssBytes : this.highest, highestRssBytes, cpuMs: (user + system) / 1000 };
  }
}

async function main(): Promise<void> {
  const meter = new Meter();
  setInterval(() => meter.look(), LOOK_EVERY_MS).unref();
  const service = await startService(loadConfig(process.env));
  const answer = (told: ServiceAnswer): void => void process.send?.(told);
  process.on('message', (question: ServiceQuestion) => {
    if (question === 'figures') return answer(meter.figures());
    if (question === 'mark') {
      meter.mark();
      return answer('done');
    }
    void service.close().then(() => {
      answer('done');
      process.disconnect?.();
    });
  });
  process.on('disconnect', () => process.exit(0));
  answer({ url: service.url, key: service.firstAdminKey ?? '' });
}

main().catch((error: unknown) => {
  process.stderr.write(`The measured service did not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
