import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { partsOf, toPageView, type PageView } from '../api/paging.js';
import { Rest } from '../api/rest-docs.js';
import { idParam } from '../api/schemas.js';
import {
  backupSetClusterPage, backupSetClusterQuery, backupSetPage, backupSetQuery, backupSetTokenPage, backupSetTokenQuery, backupSetView,
  toBackupSetClusterView, toBackupSetTokenView, toBackupSetView, type BackupSetClusterView, type BackupSetTokenView, type BackupSetView,
} from './backups.models.js';
import { BackupsService } from './backups.service.js';

type Id = z.output<typeof idParam>;

@Controller()
export class BackupsController {
  constructor(private readonly backups: BackupsService) {}

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

  @Get('backup-sets/:id/clusters')
  @Requires('backup:read')
  @Rest({ summary: 'What a backup set is believed to hold of every managed cluster', tag: 'Backups', answer: backupSetClusterPage, takes: true, finds: true })
  async listBackupSetClusters(@Param({ schema: idParam }) { id }: Id, @Query({ schema: backupSetClusterQuery }) query: z.output<typeof backupSetClusterQuery>): Promise<PageView<BackupSetClusterView>> {
    const { filter, request } = partsOf(query);
    return toPageView(await this.backups.setClusters(id, filter, request), toBackupSetClusterView);
  }
}
