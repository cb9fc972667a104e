import type { ManualClock } from '../../src/common/clock.js';
import { HubClient, type HubConnection } from '../../src/kube/hub-client.js';
import type { ObjectRef, ResourceType } from '../../src/kube/kube.types.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import type { CheckedHub, Content, End } from './checked-hub.js';
import { kindsOnHub } from './hub-contents.js';
import type { OwnFault, RequestFailure } from './schedule.js';

type Fault = Parameters<SimulatedHub['faults']['add']>[1];

/** A hub in memory: changed past its API, so that changes go on whatever befalls it, and spoilt from within. */
export class SimulatedCheckedHub implements CheckedHub {
  readonly direct: HubClient;
  private kept: ReturnType<SimulatedHub['checkpoint']>;

  private constructor(private readonly hub: SimulatedHub) {
    this.direct = new HubClient(hub.connection(), { allowLoopback: true });
    this.kept = hub.checkpoint();
  }

  static async open(clock: ManualClock): Promise<CheckedHub> {
    const hub = await SimulatedHub.start({ name: 'hub-east', clock });
    hub.settings.bookmarkIntervalMs = 300;
    return new SimulatedCheckedHub(hub);
  }

  connection(): HubConnection {
    return this.hub.connection();
  }

  async put(type: ResourceType, content: Content): Promise<boolean> {
    const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
    const uid = this.hub.object(type, content.metadata)?.metadata.uid;
    this.hub.seed([{ apiVersion, kind: type.kind, ...content, metadata: { ...content.metadata, ...(uid === undefined ? {} : { uid }) } }]);
    return true;
  }

  async remove(type: ResourceType, ref: ObjectRef): Promise<void> {
    this.hub.remove(type, ref);
  }

  async serve(type: ResourceType, on: boolean): Promise<void> {
    this.hub.serve(type, on);
  }

  cutOff(mode: 'refuse' | 'hang'): Promise<void> {
    return this.hub.cutOff(mode);
  }

  reconnect(): Promise<void> {
    return this.hub.reconnect();
  }

  async compact(): Promise<void> {
    this.hub.compact();
  }

  async checkpoint(): Promise<void> {
    this.kept = this.hub.checkpoint();
  }

  async setBack(): Promise<void> {
    this.hub.rollBack(this.kept);
  }

  async befall(fault: OwnFault): Promise<End> {
    const { faults } = this.hub;
    switch (fault.do) {
      case 'go-away': this.hub.goAway(); return nothing;
      case 'break-watches':
        if (fault.how === 'reset') faults.resetWatches();
        else if (fault.how === 'end') faults.endWatches();
        else faults.failWatches({}, Number(fault.how) as 410);
        return nothing;
      case 'inject': faults.injectIntoWatches({}, fault.bytes); return nothing;
      case 'fail': return faults.add({ verb: fault.verb }, requestFault(fault.how), { rate: fault.rate });
      case 'fail-page': return faults.add({ verb: 'list', continued: true }, { type: 'error', code: fault.code });
      case 'odd-watches': return faults.add({ verb: 'watch', ...(fault.kind === null ? {} : { resource: kindsOnHub[fault.kind]?.plural }) }, watchFault(fault));
      default: throw new RangeError(`A simulated hub knows no ${fault.do}`);
    }
  }

  async calm(): Promise<void> {
    this.hub.faults.clear();
  }

  async close(): Promise<void> {
    await this.direct.close();
    await this.hub.stop();
  }
}

const nothing: End = () => undefined;

function requestFault(how: RequestFailure): Fault {
  switch (how) {
    case 'slow': return { type: 'latency', ms: [0, 40] };
    case 'redirect': return { type: 'redirect', location: 'https://192.0.2.1/' };
    case 'reset': case 'hang': case 'truncate': case 'garbage': case 'lose-answer': return { type: how };
    default: return { type: 'error', code: Number(how) as 500, retryAfterSeconds: 1 };
  }
}

function watchFault({ how, events }: Extract<OwnFault, { do: 'odd-watches' }>): Fault {
  switch (how) {
    case 'silent': case 'without-bookmarks': case 'repeats': return { type: `watch-${how}` };
    case 'delayed': return { type: 'watch-delayed', ms: 30 };
    default: return { type: `watch-${how}`, events };
  }
}
