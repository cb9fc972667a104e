import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.decorator.js';
import { Rest } from '../api/rest-docs.js';
import { idParam } from '../api/schemas.js';
import {
  forecastQuery, forecastView, objectivesView, recoveryPointsQuery, recoveryPointsView, toForecastView, toObjectivesView, toRecoveryPointView, toWhatIfView, whatIfQuery, whatIfView,
  type ForecastView, type ObjectivesView, type WhatIfView,
} from './outlook.models.js';
import { OutlookService } from './outlook.service.js';

type Id = z.output<typeof idParam>;

@Controller('plans/:id')
export class OutlookController {
  constructor(private readonly outlook: OutlookService) {}

  @Get('objectives')
  @Requires('readiness:read')
  @Rest({ summary: 'How the plan stands against its objectives', tag: 'Readiness', answer: objectivesView, takes: true, finds: true })
  async getPlanObjectives(@Param({ schema: idParam }) { id }: Id): Promise<ObjectivesView> {
    return toObjectivesView(await this.outlook.objectives(id));
  }

  @Get('recovery-points')
  @Requires('readiness:read')
  @Rest({ summary: 'Which backup sets could be restored now, and what each would bring', tag: 'Readiness', answer: recoveryPointsView, takes: true, finds: true })
  async listRecoveryPoints(@Param({ schema: idParam }) { id }: Id, @Query({ schema: recoveryPointsQuery }) { first }: z.output<typeof recoveryPointsQuery>): Promise<z.infer<typeof recoveryPointsView>> {
    return { items: (await this.outlook.recoveryPoints(id, first)).map(toRecoveryPointView) };
  }

  @Get('forecast')
  @Requires('readiness:read')
  @Rest({ summary: 'When which clusters drop out if nothing changes', tag: 'Readiness', answer: forecastView, takes: true, finds: true })
  async getForecast(@Param({ schema: idParam }) { id }: Id, @Query({ schema: forecastQuery }) { assumption, withinDays, first }: z.output<typeof forecastQuery>): Promise<ForecastView> {
    return toForecastView(await this.outlook.forecast(id, assumption, withinDays, first));
  }

  @Get('what-if')
  @Requires('readiness:read')
  @Rest({
    summary: 'What a failover would bring if something were otherwise', tag: 'Readiness', answer: whatIfView, takes: true, finds: true,
    description: 'Another target, another set, another moment, or a change of policy that is thought of. No hub is asked.',
  })
  async getWhatIf(@Param({ schema: idParam }) { id }: Id, @Query({ schema: whatIfQuery }) question: z.output<typeof whatIfQuery>): Promise<WhatIfView> {
    return toWhatIfView(await this.outlook.whatIf(id, question));
  }
}
