import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { idParam } from '../api/schemas.js';
import {
  backupSchedulePage, backupScheduleQuery, backupScheduleView, backupSetPage, backupSetQuery, backupSetTokenPage, backupSetTokenQuery, backupSetView, putBackupScheduleBody,
  toBackupScheduleView, toBackupSetTokenView, toBackupSetView, type BackupScheduleView, type BackupSetTokenView, type BackupSetView,
} from './backups.models.js';
import { BackupsService } from './backups.service.js';

type Id = z.output<typeof idParam>;

@Controller()
export class BackupsController {
  constructor(private readonly backups: BackupsService) {}

  @Put('hubs/:id/backup-schedule')
  @Requires('backup-schedule:write')
  @Rest({ summary: 'Create or change the backup schedule of a hub', tag: 'Backups', answer: backupScheduleView, acts: { keyOptional: true }, takes: true, finds: true })
  async putBackupSchedule(@Param({ schema: idParam }) { id }: Id, @Body({ schema: putBackupScheduleBody }) body: z.output<typeof putBackupScheduleBody>, @Actor() actor: string): Promise<BackupScheduleView> {
    const { reason, correlation, ...schedule } = body;
    return toBackupScheduleView(await this.backups.putSchedule(id, schedule, actingOf(actor, { reason, correlation })));
  }

  @Get('backup-schedules')
  @Requires('backup:read')
  @Rest({ summary: 'List backup schedules', tag: 'Backups', answer: backupSchedulePage, takes: true })
  async listBackupSchedules(@Query({ schema: backupScheduleQuery }) query: z.output<typeof backupScheduleQuery>): Promise<PageView<BackupScheduleView>> {
    const { filter, request } = partsOf(query);
    return toPageView(await this.backups.schedules(filter, request), toBackupScheduleView);
  }

  @Get('backup-sets')
  @Requires('backup:read')
  @Rest({ summary: 'List backup sets', tag: 'Backups', answer: backupSetPage, takes: true })
  async listBackupSets(@Query({ schema: backupSetQuery }) query: z.output<typeof backupSetQuery>): Promise<PageView<BackupSetView>> {
    const { filter, sort, request } = partsOf(query);
    return toPageView(await this.backups.sets(filter, sort, request), toBackupSetView);
  }

  @Get('backup-sets/:id')
  @Requires('backup:read')
  @Rest({ summary: 'Read a backup set', tag: 'Backups', answer: backupSetView, takes: true, finds: true })
  async getBackupSet(@Param({ schema: idParam }) { id }: Id): Promise<BackupSetView> {
    return toBackupSetView(await this.backups.set(id));
  }

  @Get('backup-sets/:id/tokens')
  @Requires('backup:read')
  @Rest({ summary: 'What a backup set is believed to hold of every token', tag: 'Backups', answer: backupSetTokenPage, takes: true, finds: true })
  async listBackupSetTokens(@Param({ schema: idParam }) { id }: Id, @Query({ schema: backupSetTokenQuery }) query: z.output<typeof backupSetTokenQuery>): Promise<PageView<BackupSetTokenView>> {
    const { filter, request } = partsOf(query);
    return toPageView(await this.backups.setTokens(id, filter, request), toBackupSetTokenView);
  }
}
