import { Global, Module } from '@nestjs/common';
import { FleetChanges } from './fleet-changes.service.js';

/** Apart from FleetModule, so that what fleet/ builds on may tell of changes as well. */
@Global()
@Module({ providers: [FleetChanges], exports: [FleetChanges] })
export class FleetChangesModule {}
