import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../access/requires.decorator.js';
import { connect, type Connection, type ConnectionArgs, type OrderedConnectionArgs } from '../api/connection.js';
import type { GraphQLContext } from '../api/context.js';
import { IdArg } from '../api/id-arg.js';
import { ArgPipe } from '../api/input.pipe.js';
import {
  backupSetArguments, backupSetClusterArguments, BackupSetClusterConnection, BackupSetConnection, BackupSetModel, backupSetTokenArguments, BackupSetTokenConnection,
  toBackupSetClusterView, toBackupSetTokenView, toBackupSetView,
  type BackupSetClusterView, type BackupSetTokenView, type BackupSetView,
} from './backups.models.js';
import { BackupsService } from './backups.service.js';
import type { BackupSetClusterFilter, BackupSetFilter, BackupSetSortField, BackupSetTokenFilter } from './backups.types.js';

const TOKENS = {};
const CLUSTERS = {};

@Resolver(() => BackupSetModel)
export class BackupsResolver {
  constructor(private readonly service: BackupsService) {}

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
  tokens(@Parent() set: BackupSetView, @Args({ type: () => backupSetTokenArguments.type }, new ArgPipe(backupSetTokenArguments.schema)) args: OrderedConnectionArgs<BackupSetTokenFilter>, @Context() { loaders }: GraphQLContext): Promise<Connection<BackupSetTokenView>> {
    return connect(args, (request) => loaders.asking(TOKENS, [args.filter, request], (ids) => this.service.setTokensOfMany(ids, args.filter, request)).load(set.id), toBackupSetTokenView);
  }

  @ResolveField(() => BackupSetClusterConnection, { description: 'What the set is believed to hold of every managed cluster' })
  clusters(@Parent() set: BackupSetView, @Args({ type: () => backupSetClusterArguments.type }, new ArgPipe(backupSetClusterArguments.schema)) args: OrderedConnectionArgs<BackupSetClusterFilter>, @Context() { loaders }: GraphQLContext): Promise<Connection<BackupSetClusterView>> {
    return connect(args, (request) => loaders.asking(CLUSTERS, [args.filter, request], (ids) => this.service.setClustersOfMany(ids, args.filter, request)).load(set.id), toBackupSetClusterView);
  }
}
