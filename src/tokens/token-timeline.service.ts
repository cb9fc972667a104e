import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { ClusterNotFoundError } from '../fleet/fleet.errors.js';
import { FleetService } from '../fleet/fleet.service.js';
import { TimeRangeInvalidError } from './tokens.errors.js';
import { TokenTimelineRepository, type ClusterKey } from './token-timeline.repository.js';
import { holds, timelineLife, tokenGaps } from './token-timeline.rules.js';
import type { RecordedLife, SetEntry, TimeRange, TokenTimeline } from './token-timeline.types.js';

const DAY_MS = 86_400_000;
const RANGE_DAYS = 30;
const MAX_RANGE_DAYS = 400;
/** Of each, in one answer. */
const MAX_LIVES = 500;
const MAX_SETS = 1_000;

interface Range {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

export interface TimelineCluster extends ClusterKey {
  readonly id: string;
}

/** What became of a cluster's tokens. */
@Injectable()
export class TokenTimelineService {
  constructor(private readonly repository: TokenTimelineRepository, private readonly fleet: FleetService, private readonly clock: Clock) {}

  /**
   * @param range absent ends: up to now, and the thirty days before the end
   * @throws ClusterNotFoundError, TimeRangeInvalidError
   */
  async ofCluster(clusterId: string, range: Range): Promise<TokenTimeline> {
    const { hubId, name } = await this.fleet.get(clusterId);
    const [timeline] = await this.ofMany([{ id: clusterId, hubId, name }], range);
    if (timeline === undefined) throw new ClusterNotFoundError(clusterId);
    return timeline;
  }

  /** Of each cluster, in their order. @throws TimeRangeInvalidError */
  async ofMany(clusters: readonly TimelineCluster[], range: Range): Promise<TokenTimeline[]> {
    const now = this.clock.now();
    const to = range.to ?? now;
    const from = range.from ?? new Date(to.getTime() - RANGE_DAYS * DAY_MS);
    if (from >= to || to.getTime() - from.getTime() > MAX_RANGE_DAYS * DAY_MS) throw new TimeRangeInvalidError(from, to, MAX_RANGE_DAYS);
    const [lives, sets] = await Promise.all([this.repository.lives(clusters, { from, to }, MAX_LIVES + 1), this.repository.sets(clusters, { from, to }, MAX_SETS + 1)]);
    return clusters.map((cluster, index) => timelineOf(cluster, { from, to }, lives[index] ?? [], sets[index] ?? [], now));
  }
}

function timelineOf({ id, hubId, name }: TimelineCluster, range: TimeRange, lives: readonly RecordedLife[], sets: readonly SetEntry[], now: Date): TokenTimeline {
  const told = lives.slice(0, MAX_LIVES);
  const toldSets = sets.slice(0, MAX_SETS);
  return {
    clusterId: id, hubId, cluster: name, ...range,
    isComplete: lives.length <= MAX_LIVES && sets.length <= MAX_SETS,
    lives: told.map((life) => timelineLife(life, toldSets, now)),
    setsWithout: toldSets.filter((set) => !told.some((life) => holds(set, life))),
    gaps: tokenGaps(told, range, now),
  };
}
