import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../access/requires.decorator.js';
import { HealthService } from './health.service.js';

/** For those who run the process. They answer to anyone and say nothing but yes or no. */
@ApiExcludeController()
@Controller()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** The process turns. Nothing else: a process is not killed for what others do. */
  @Get('livez')
  @Public()
  livez(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Requests can be served. A dead hub is no reason to be unready. */
  @Get('readyz')
  @Public()
  async readyz(): Promise<{ status: 'ok' }> {
    await this.health.ready();
    return { status: 'ok' };
  }
}
