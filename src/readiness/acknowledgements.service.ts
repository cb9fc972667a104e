import { Injectable } from '@nestjs/common';
import { AuditService } from '../access/audit.service.js';
import type { Acting } from '../common/acting.js';
import { Clock } from '../common/clock.js';
import { onlyPage, type ListRequest, type Page } from '../common/paging.js';
import { ReasonRequiredError } from '../hubs/hubs.errors.js';
import { AcknowledgementsRepository, type AcknowledgementFilter } from './acknowledgements.repository.js';
import { PlanWorlds } from './plan-worlds.service.js';
import { AcknowledgementInvalidError, AcknowledgementNotFoundError, FindingNotFoundError } from './readiness.errors.js';
import type { Acknowledgement, Finding } from './readiness.types.js';

const DAY_MS = 86_400_000;
/** Longer than a quarter nobody remembers why. */
const MAX_DAYS = 90;

export interface NewAcknowledgement {
  readonly code: string;
  /** Absent: the finding wherever it occurs under the plan */
  readonly cluster?: string | undefined;
  readonly until: Date;
}

/** Who knows of a finding and lives with it, until when. An acknowledged finding counts as any other. */
@Injectable()
export class AcknowledgementsService {
  constructor(
    private readonly worlds: PlanWorlds,
    private readonly repository: AcknowledgementsRepository,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** @throws PlanNotFoundError, FindingNotFoundError, AcknowledgementInvalidError, ReasonRequiredError */
  async acknowledge(planId: string, { code, cluster, until }: NewAcknowledgement, by: Acting): Promise<Acknowledgement> {
    const reason = by.reason?.trim() ?? '';
    if (reason === '') throw new ReasonRequiredError('Acknowledging a finding');
    await this.worlds.plan(planId);
    const now = this.clock.now();
    if (until <= now) throw new AcknowledgementInvalidError('until lies in the past', 'until');
    if (until.getTime() - now.getTime() > MAX_DAYS * DAY_MS) throw new AcknowledgementInvalidError(`until lies more than ${MAX_DAYS} days ahead`, 'until');
    if (!(await this.repository.isFound(planId, code, cluster ?? null))) throw new FindingNotFoundError(planId, code, cluster ?? null);
    const made = await this.repository.create({ planId, cluster: cluster ?? null, code, reason, acknowledgedBy: by.actor, acknowledgedAt: now, until });
    await this.audit.record({ action: 'finding.acknowledge', subject: `plan/${planId}`, by, details: { acknowledgementId: made.id, code, cluster: cluster ?? null, until: until.toISOString() } });
    return made;
  }

  /** One that is withdrawn already is left as it is. @throws AcknowledgementNotFoundError */
  async withdraw(id: string, by: Acting): Promise<Acknowledgement> {
    const known = await this.get(id);
    if (await this.repository.withdraw(id, by.actor, this.clock.now())) {
      await this.audit.record({ action: 'finding.withdraw-acknowledgement', subject: `plan/${known.planId}`, by, details: { acknowledgementId: id, code: known.code, cluster: known.cluster } });
    }
    return this.get(id);
  }

  /** Youngest first. @throws PlanNotFoundError, CursorInvalidError */
  async list(planId: string, filter: AcknowledgementFilter, request: ListRequest): Promise<Page<Acknowledgement>> {
    await this.worlds.plan(planId);
    return onlyPage(await this.listOfMany([planId], filter, request));
  }

  /** Of each plan, which there are, in the order of the ids; an error where the cursor is not of its list. */
  listOfMany(planIds: readonly string[], filter: AcknowledgementFilter, request: ListRequest): Promise<(Page<Acknowledgement> | Error)[]> {
    return this.repository.listOf(planIds, filter, request, this.clock.now());
  }

  /** Finds for findings of some plans who acknowledged them: one that names the cluster before one that names none, the youngest first. */
  async lookup(planIds: readonly string[]): Promise<(planId: string, cluster: string | null, finding: Finding) => Finding> {
    const known = await this.repository.inForce(planIds, this.clock.now());
    const byKey = new Map(known.map((one) => [keyOf(one.planId, one.code, one.cluster), one]));
    return (planId, cluster, finding) => {
      const own = cluster === null ? undefined : byKey.get(keyOf(planId, finding.code, cluster));
      const acknowledgement = own ?? byKey.get(keyOf(planId, finding.code, null));
      return acknowledgement === undefined ? finding : { ...finding, acknowledgement };
    };
  }

  private async get(id: string): Promise<Acknowledgement> {
    const known = await this.repository.find(id);
    if (known === null) throw new AcknowledgementNotFoundError(id);
    return known;
  }
}

const keyOf = (planId: string, code: string, cluster: string | null): string => JSON.stringify([planId, code, cluster]);
