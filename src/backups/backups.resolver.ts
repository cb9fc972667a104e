import { Args, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Acts } from '../api/acts.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { connect, type Connection, type ConnectionArgs, type OrderedConnectionArgs } from '../api/connection.js';
import { IdArg } from '../api/id-arg.js';
import { ArgPipe } from '../api/input.pipe.js';
import {
  backupScheduleArguments, BackupScheduleConnection, backupSetArguments, BackupSetConnection, BackupSetModel, backupSetTokenArguments, BackupSetTokenConnection,
  PutBackupScheduleInput, putBackupScheduleInput, PutBackupSchedulePayload, toBackupScheduleView, toBackupSetTokenView, toBackupSetView,
  type BackupScheduleView, type BackupSetTokenView, type BackupSetView,
} from './backups.models.js';
import { BackupsService } from './backups.service.js';
import type { BackupSetFilter, BackupSetSortField, BackupSetTokenFilter } from './backups.types.js';

@Resolver(() => BackupSetModel)
export class BackupsResolver {
  constructor(private readonly service: BackupsService) {}

  @Query(() => BackupScheduleConnection)
  @Requires('backup:read')
  backupSchedules(@Args({ type: () => backupScheduleArguments.type }, new ArgPipe(backupScheduleArguments.schema)) args: OrderedConnectionArgs<{ hubId?: string }>): Promise<Connection<BackupScheduleView>> {
    return connect(args, (request) => this.service.schedules(args.filter, request), toBackupScheduleView);
  }

  @Query(() => BackupSetConnection, { description: 'The Velero backups that each run of a BackupSchedule produced' })
  @Requires('backup:read')
  backupSets(@Args({ type: () => backupSetArguments.type }, new ArgPipe(backupSetArguments.schema)) args: ConnectionArgs<BackupSetFilter, BackupSetSortField>): Promise<Connection<BackupSetView>> {
    return connect(args, (request) => this.service.sets(args.filter, args.sort, request), toBackupSetView);
  }

  @Query(() => BackupSetModel)
  @Requires('backup:read')
  async backupSet(@IdArg() id: string): Promise<BackupSetView> {
    return toBackupSetView(await this.service.set(id));
  }

  @ResolveField(() => BackupSetTokenConnection, { description: 'What the set is believed to hold of every token' })
  tokens(@Parent() set: BackupSetView, @Args({ type: () => backupSetTokenArguments.type }, new ArgPipe(backupSetTokenArguments.schema)) args: OrderedConnectionArgs<BackupSetTokenFilter>): Promise<Connection<BackupSetTokenView>> {
    return connect(args, (request) => this.service.setTokens(set.id, args.filter, request), toBackupSetTokenView);
  }

  @Mutation(() => PutBackupSchedulePayload, { description: 'Creates or changes the backup schedule of a hub.' })
  @Requires('backup-schedule:write')
  @Acts({ keyOptional: true })
  async putBackupSchedule(@Args('input', { type: () => PutBackupScheduleInput }, new ArgPipe(putBackupScheduleInput)) input: z.output<typeof putBackupScheduleInput>, @Actor() actor: string): Promise<{ backupSchedule: BackupScheduleView }> {
    const { hubId, reason, correlation, clientMutationId: _, ...schedule } = input;
    return { backupSchedule: toBackupScheduleView(await this.service.putSchedule(hubId, schedule, actingOf(actor, { reason, correlation }))) };
  }
}
