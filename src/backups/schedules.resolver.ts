import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Acts } from '../api/acts.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { connect, type Connection, type OrderedConnectionArgs } from '../api/connection.js';
import { ArgPipe } from '../api/input.pipe.js';
import {
  backupScheduleArguments, BackupScheduleConnection, BackupScheduleModel, ChangeBackupScheduleInput, changeBackupScheduleInput, ChangeBackupSchedulePayload, PauseBackupScheduleInput,
  pauseBackupScheduleInput, PauseBackupSchedulePayload, PutBackupScheduleInput, putBackupScheduleInput, PutBackupSchedulePayload, ResumeBackupScheduleInput, resumeBackupScheduleInput,
  ResumeBackupSchedulePayload, SchedulePreviewInput, schedulePreviewInput, SchedulePreviewModel, toBackupScheduleView, toSchedulePreviewView, type BackupScheduleView, type SchedulePreviewView,
} from './schedules.models.js';
import { SchedulesService } from './schedules.service.js';

interface Payload {
  backupSchedule: BackupScheduleView;
}

@Resolver(() => BackupScheduleModel)
export class SchedulesResolver {
  constructor(private readonly service: SchedulesService) {}

  @Query(() => BackupScheduleConnection)
  @Requires('backup:read')
  backupSchedules(@Args({ type: () => backupScheduleArguments.type }, new ArgPipe(backupScheduleArguments.schema)) args: OrderedConnectionArgs<{ hubId?: string }>): Promise<Connection<BackupScheduleView>> {
    return connect(args, (request) => this.service.schedules(args.filter, request), toBackupScheduleView);
  }

  @Query(() => SchedulePreviewModel, { description: 'What would follow from a backup schedule, by what is known: no hub is asked, nothing is changed.' })
  @Requires('backup:read')
  async backupSchedulePreview(@Args('input', { type: () => SchedulePreviewInput }, new ArgPipe(schedulePreviewInput)) input: z.output<typeof schedulePreviewInput>): Promise<SchedulePreviewView> {
    const { hubId, ...change } = input;
    return toSchedulePreviewView(await this.service.preview(hubId, change));
  }

  @Mutation(() => PutBackupSchedulePayload, { description: 'Creates or changes the backup schedule of a hub.' })
  @Requires('backup-schedule:write')
  @Acts({ keyOptional: true })
  async putBackupSchedule(@Args('input', { type: () => PutBackupScheduleInput }, new ArgPipe(putBackupScheduleInput)) input: z.output<typeof putBackupScheduleInput>, @Actor() actor: string): Promise<Payload> {
    const { hubId, reason, correlation, clientMutationId: _, ...schedule } = input;
    return { backupSchedule: toBackupScheduleView(await this.service.putSchedule(hubId, schedule, actingOf(actor, { reason, correlation }))) };
  }

  @Mutation(() => ChangeBackupSchedulePayload, { description: 'Changes the backup schedule of a hub in the fields that are given.' })
  @Requires('backup-schedule:write')
  @Acts({ keyOptional: true })
  async changeBackupSchedule(@Args('input', { type: () => ChangeBackupScheduleInput }, new ArgPipe(changeBackupScheduleInput)) input: z.output<typeof changeBackupScheduleInput>, @Actor() actor: string): Promise<Payload> {
    const { hubId, version, reason, correlation, clientMutationId: _, ...change } = input;
    return { backupSchedule: toBackupScheduleView(await this.service.changeSchedule(hubId, change, version, actingOf(actor, { reason, correlation }))) };
  }

  @Mutation(() => PauseBackupSchedulePayload, { description: 'No set is made any more; what is there stays, until it expires.' })
  @Requires('backup-schedule:write')
  @Acts()
  async pauseBackupSchedule(@Args('input', { type: () => PauseBackupScheduleInput }, new ArgPipe(pauseBackupScheduleInput)) input: z.output<typeof pauseBackupScheduleInput>, @Actor() actor: string): Promise<Payload> {
    return { backupSchedule: toBackupScheduleView(await this.service.pause(input.hubId, actingOf(actor, input))) };
  }

  @Mutation(() => ResumeBackupSchedulePayload, { description: 'Refused on a hub whose fleet has moved to another.' })
  @Requires('backup-schedule:write')
  @Acts()
  async resumeBackupSchedule(@Args('input', { type: () => ResumeBackupScheduleInput }, new ArgPipe(resumeBackupScheduleInput)) input: z.output<typeof resumeBackupScheduleInput>, @Actor() actor: string): Promise<Payload> {
    return { backupSchedule: toBackupScheduleView(await this.service.resume(input.hubId, actingOf(actor, input))) };
  }
}
