import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import type { HeldLease } from '../../database/lease.service.js';
import { HubConnections } from '../../hubs/hub-connections.service.js';
import type { MachineFailover } from './failover-machine.types.js';
import { FailoversRepository } from './failovers.repository.js';
import { ImportPass } from './import-pass.service.js';
import { isPassing } from './step-help.js';

/** Imports that a person took up again after the failover had ended with exceptions: an address was supplied. The failover stays ended. */
@Injectable()
export class LateImports {
  constructor(
    private readonly connections: HubConnections,
    private readonly repository: FailoversRepository,
    private readonly pass: ImportPass,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  async look(lease: HeldLease, failover: MachineFailover, signal: AbortSignal): Promise<{ againInMs: number | null }> {
    const rows = (await this.repository.imports(failover.id)).filter((row) => row.state === 'WAITING' || row.state === 'IMPORTING');
    const write = (change: Parameters<FailoversRepository['write']>[3]) => this.repository.write(lease, failover.id, failover.status, change, this.clock.now());
    if (failover.status !== 'COMPLETED_WITH_EXCEPTIONS' || rows.length === 0) {
      await write({ nextLookAt: null });
      return { againInMs: null };
    }
    const windowMs = failover.plan.importWindowSeconds * 1000;
    const again = { nextLookAt: new Date(this.clock.now().getTime() + this.config.failoverPollMs) };
    try {
      const host = { signal, now: () => this.clock.now(), assertHeld: () => lease.assertHeld(), effectMade: () => undefined, write };
      const client = await this.connections.clientFor(failover.targetHubId);
      const { updates, notes, open } = await this.pass.run(host, client, rows, (row) => new Date((row.firstAttemptAt ?? this.clock.now()).getTime() + windowMs));
      await write({ imports: updates, notes, ...(open > 0 ? again : { nextLookAt: null }) });
      return { againInMs: open > 0 ? this.config.failoverPollMs : null };
    } catch (error) {
      if (!isPassing(error)) throw error;
      await write(again);
      return { againInMs: this.config.failoverPollMs };
    }
  }
}
