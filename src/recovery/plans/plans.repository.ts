import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../../common/paging.js';
import { violates } from '../../database/constraint.js';
import type { Prisma, RecoveryPlan } from '../../database/generated/client.js';
import { keysetPage } from '../../database/keyset.js';
import { PrismaService } from '../../database/prisma.service.js';
import type { StorageFacts } from '../../hubs/hubs.types.js';
import { PlanNameTakenError } from './plans.errors.js';
import type { BackupRule, NewPlan, Plan, PlanChange, PlanFilter, PlanSortField, ReachabilityRule } from './plans.types.js';

export interface PlanHub {
  readonly id: string;
  readonly clusterId: string | null;
  readonly storage: readonly StorageFacts[] | null;
}

@Injectable()
export class PlansRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** @throws PlanNameTakenError */
  async create(input: Required<NewPlan>, createdBy: string, now: Date): Promise<Plan> {
    const data = { ...input, createdBy, createdAt: now, updatedAt: now };
    return toPlan(await this.prisma.recoveryPlan.create({ data }).catch((error: unknown) => nameTaken(error, input.name)));
  }

  async find(planId: string): Promise<Plan | null> {
    const row = await this.prisma.recoveryPlan.findUnique({ where: { id: planId } });
    return row && toPlan(row);
  }

  async findMany(planIds: readonly string[]): Promise<Plan[]> {
    return (await this.prisma.recoveryPlan.findMany({ where: { id: { in: [...planIds] } } })).map(toPlan);
  }

  async list(filter: PlanFilter, sort: Sort<PlanSortField>, page: ListRequest): Promise<Page<Plan>> {
    const own = where(filter);
    const found = await keysetPage<RecoveryPlan, Prisma.RecoveryPlanWhereInput, Prisma.RecoveryPlanOrderByWithRelationInput>({
      list: 'plans',
      filter,
      sort: [{ field: sort.by, direction: sort.direction }, { field: 'id', direction: sort.direction }],
      page,
      find: (keyset) => this.prisma.recoveryPlan.findMany({ where: { AND: [own, keyset.where] }, orderBy: keyset.orderBy, take: keyset.take }),
      count: () => this.prisma.recoveryPlan.count({ where: own }),
    });
    return { ...found, items: found.items.map(toPlan) };
  }

  /** @returns null: it is not at that version any more. @throws PlanNameTakenError */
  async update(planId: string, change: PlanChange, expectedVersion: number, now: Date): Promise<Plan | null> {
    const [row] = await this.prisma.recoveryPlan
      .updateManyAndReturn({ where: { id: planId, version: expectedVersion, archivedAt: null }, data: { ...change, updatedAt: now, version: { increment: 1 } } })
      .catch((error: unknown) => nameTaken(error, change.name ?? ''));
    return row === undefined ? null : toPlan(row);
  }

  async archive(planId: string, now: Date): Promise<void> {
    await this.prisma.recoveryPlan.updateMany({ where: { id: planId, archivedAt: null }, data: { archivedAt: now, updatedAt: now, version: { increment: 1 } } });
  }

  /** A failover of the plan that has not ended; null: none */
  async openFailover(planId: string): Promise<string | null> {
    return (await this.prisma.failover.findFirst({ where: { planId, finishedAt: null }, select: { id: true } }))?.id ?? null;
  }

  /** Registered hubs, as far as a plan needs to know them. */
  async hubs(hubIds: readonly string[]): Promise<PlanHub[]> {
    const rows = await this.prisma.hub.findMany({ where: { id: { in: [...hubIds] }, removedAt: null }, select: { id: true, clusterId: true, storage: true } });
    return rows.map((row) => ({ ...row, storage: row.storage as unknown as StorageFacts[] | null }));
  }

  /** The hub shows a backup that a hub with this cluster id made. */
  async showsBackupsOf(hubId: string, ownerClusterId: string): Promise<boolean> {
    return (await this.prisma.backup.findFirst({ where: { hubId, ownerClusterId, type: { not: null } }, select: { name: true } })) !== null;
  }
}

function nameTaken(error: unknown, name: string): never {
  if (violates(error, 'one_plan_per_name')) throw new PlanNameTakenError(name, { cause: error });
  throw error;
}

function where(filter: PlanFilter): Prisma.RecoveryPlanWhereInput {
  return {
    ...(filter.includeArchived === true ? {} : { archivedAt: null }),
    ...(filter.hubId === undefined ? {} : { OR: [{ sourceHubId: filter.hubId }, { targetHubId: filter.hubId }] }),
    ...(filter.sourceHubId === undefined ? {} : { sourceHubId: filter.sourceHubId }),
    ...(filter.targetHubId === undefined ? {} : { targetHubId: filter.targetHubId }),
    ...(filter.name === undefined ? {} : { name: { contains: filter.name, mode: 'insensitive' as const } }),
  };
}

const toPlan = (row: RecoveryPlan): Plan => ({ ...row, backupRule: row.backupRule as BackupRule, reachability: row.reachability as ReachabilityRule });
