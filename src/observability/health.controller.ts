import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../access/requires.decorator.js';
import { DatabaseHealth } from '../database/database-health.js';

/** For those who run the process. They answer to anyone and say nothing but yes or no. */
@ApiExcludeController()
@Controller()
export class HealthController {
  constructor(private readonly database: DatabaseHealth) {}

  /** The process turns. Nothing else: a process is not killed for what others do. */
  @Get('livez')
  @Public()
  livez(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Requests can be served: the database answers; it was migrated before we listened. A dead hub is no reason to be unready. */
  @Get('readyz')
  @Public()
  async readyz(): Promise<{ status: 'ok' }> {
    await this.database.ping();
    return { status: 'ok' };
  }
}
