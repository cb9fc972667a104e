import { AcknowledgementsRepository } from '../../src/readiness/acknowledgements.repository.js';
import { AcknowledgementsService } from '../../src/readiness/acknowledgements.service.js';
import { ClusterListRepository } from '../../src/readiness/cluster-list.repository.js';
import { HubWorldsRepository } from '../../src/readiness/hub-worlds.repository.js';
import { OutlookRepository } from '../../src/readiness/outlook.repository.js';
import { OutlookService } from '../../src/readiness/outlook.service.js';
import { PlanWorlds } from '../../src/readiness/plan-worlds.service.js';
import { ReadinessRepository } from '../../src/readiness/readiness.repository.js';
import { ReadinessService } from '../../src/readiness/readiness.service.js';
import type { Parts } from './parts.js';

/** Readiness and what is asked beside it, put together by hand. */
export class ReadinessParts {
  readonly repository: ReadinessRepository;
  readonly worlds: PlanWorlds;
  readonly acknowledgements: AcknowledgementsService;
  readonly readiness: ReadinessService;
  readonly outlook: OutlookService;

  constructor({ prisma, sql, audit, clock }: Pick<Parts, 'prisma' | 'sql' | 'audit' | 'clock'>) {
    this.repository = new ReadinessRepository(prisma, sql);
    const hubs = new HubWorldsRepository(sql);
    this.worlds = new PlanWorlds(this.repository, hubs);
    this.acknowledgements = new AcknowledgementsService(this.worlds, new AcknowledgementsRepository(prisma, sql), audit, clock);
    this.readiness = new ReadinessService(this.repository, hubs, new ClusterListRepository(sql), this.worlds, this.acknowledgements, clock);
    this.outlook = new OutlookService(this.readiness, this.worlds, this.repository, hubs, new OutlookRepository(sql), clock);
  }
}
