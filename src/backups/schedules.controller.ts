import { Body, Controller, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Actor, actingOf } from '../api/caller.decorator.js';
import { ExpectedVersion } from '../api/etag.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { idParam, reasonBody } from '../api/schemas.js';
import {
  backupSchedulePage, backupScheduleQuery, backupScheduleView, changeBackupScheduleBody, previewQuery, putBackupScheduleBody, schedulePreviewView, toBackupScheduleView, toSchedulePreviewView,
  type BackupScheduleView, type SchedulePreviewView,
} from './schedules.models.js';
import { SchedulesService } from './schedules.service.js';

type Id = z.output<typeof idParam>;
type Reason = z.output<typeof reasonBody>;

@Controller()
export class SchedulesController {
  constructor(private readonly schedules: SchedulesService) {}

  @Get('backup-schedules')
  @Requires('backup:read')
  @Rest({ summary: 'List backup schedules', tag: 'Backups', answer: backupSchedulePage, takes: true })
  async listBackupSchedules(@Query({ schema: backupScheduleQuery }) query: z.output<typeof backupScheduleQuery>): Promise<PageView<BackupScheduleView>> {
    const { filter, request } = partsOf(query);
    return toPageView(await this.schedules.schedules(filter, request), toBackupScheduleView);
  }

  @Get('hubs/:id/backup-schedule')
  @Requires('backup:read')
  @Rest({ summary: 'Read the backup schedule of a hub', tag: 'Backups', answer: backupScheduleView, takes: true, finds: true })
  async getBackupSchedule(@Param({ schema: idParam }) { id }: Id): Promise<BackupScheduleView> {
    return toBackupScheduleView(await this.schedules.ofHub(id));
  }

  @Get('hubs/:id/backup-schedule/preview')
  @Requires('backup:read')
  @Rest({
    summary: 'What would follow from a backup schedule', tag: 'Backups', answer: schedulePreviewView, takes: true, finds: true,
    description: 'By what is known: no hub is asked, nothing is changed. What is not given is as it is now.',
  })
  async previewBackupSchedule(@Param({ schema: idParam }) { id }: Id, @Query({ schema: previewQuery }) query: z.output<typeof previewQuery>): Promise<SchedulePreviewView> {
    return toSchedulePreviewView(await this.schedules.preview(id, query));
  }

  @Put('hubs/:id/backup-schedule')
  @Requires('backup-schedule:write')
  @Rest({ summary: 'Create or change the backup schedule of a hub', tag: 'Backups', answer: backupScheduleView, acts: { keyOptional: true }, takes: true, finds: true })
  async putBackupSchedule(@Param({ schema: idParam }) { id }: Id, @Body({ schema: putBackupScheduleBody }) body: z.output<typeof putBackupScheduleBody>, @Actor() actor: string): Promise<BackupScheduleView> {
    const { reason, correlation, ...schedule } = body;
    return toBackupScheduleView(await this.schedules.putSchedule(id, schedule, actingOf(actor, { reason, correlation })));
  }

  @Patch('hubs/:id/backup-schedule')
  @Requires('backup-schedule:write')
  @Rest({ summary: 'Change some of the backup schedule of a hub', tag: 'Backups', answer: backupScheduleView, acts: { keyOptional: true }, takes: true, finds: true, ifMatch: true })
  async changeBackupSchedule(@Param({ schema: idParam }) { id }: Id, @ExpectedVersion() version: number, @Body({ schema: changeBackupScheduleBody }) body: z.output<typeof changeBackupScheduleBody>, @Actor() actor: string): Promise<BackupScheduleView> {
    const { reason, correlation, ...change } = body;
    return toBackupScheduleView(await this.schedules.changeSchedule(id, change, version, actingOf(actor, { reason, correlation })));
  }

  @Post('hubs/:id/backup-schedule/pause')
  @Requires('backup-schedule:write')
  @Rest({ summary: 'Pause the backup schedule of a hub', tag: 'Backups', answer: backupScheduleView, acts: true, takes: true, finds: true, description: 'No set is made any more; what is there stays, until it expires.' })
  async pauseBackupSchedule(@Param({ schema: idParam }) { id }: Id, @Body({ schema: reasonBody }) body: Reason, @Actor() actor: string): Promise<BackupScheduleView> {
    return toBackupScheduleView(await this.schedules.pause(id, actingOf(actor, body)));
  }

  @Post('hubs/:id/backup-schedule/resume')
  @Requires('backup-schedule:write')
  @Rest({ summary: 'Resume the backup schedule of a hub', tag: 'Backups', answer: backupScheduleView, acts: true, takes: true, finds: true, description: 'Refused on a hub whose fleet has moved to another.' })
  async resumeBackupSchedule(@Param({ schema: idParam }) { id }: Id, @Body({ schema: reasonBody }) body: Reason, @Actor() actor: string): Promise<BackupScheduleView> {
    return toBackupScheduleView(await this.schedules.resume(id, actingOf(actor, body)));
  }
}
