import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphQLContext } from '../api/context.js';
import { ArgPipe } from '../api/input.pipe.js';
import { DateTimeScalar } from '../api/scalars.js';
import { ClusterModel, type ClusterView } from '../fleet/fleet.models.js';
import { TokenModel, toTokenView, type TokenView } from './tokens.models.js';
import { TimelineModel, timelineQuery, toTimelineView, type TimelineView } from './token-timeline.models.js';
import { TokenTimelineService, type TimelineCluster } from './token-timeline.service.js';
import { TokensService } from './tokens.service.js';
import type { AutoImportToken } from './tokens.types.js';

const TOKENS = {};
const TIMELINES = {};
type Key = Pick<ClusterView, 'hubId' | 'name'>;
const keyOf = ({ hubId, name }: Key): string => `${hubId}/${name}`;

/** `cluster.tokens` and `cluster.tokenTimeline`. */
@Resolver(() => ClusterModel)
export class ClusterTokensResolver {
  constructor(private readonly service: TokensService, private readonly timeline: TokenTimelineService) {}

  @ResolveField(() => [TokenModel])
  async tokens(@Parent() cluster: ClusterView, @Context() { loaders }: GraphQLContext): Promise<TokenView[]> {
    return (await loaders.of(TOKENS, (keys: readonly Key[]) => this.byCluster(keys), keyOf).load(cluster)).map(toTokenView);
  }

  @ResolveField(() => TimelineModel, { description: 'What became of its tokens; at most 400 days, by default the last thirty' })
  async tokenTimeline(
    @Parent() cluster: ClusterView,
    @Context() { loaders }: GraphQLContext,
    @Args('from', { type: () => DateTimeScalar, nullable: true }, new ArgPipe(timelineQuery.shape.from)) from?: Date,
    @Args('to', { type: () => DateTimeScalar, nullable: true }, new ArgPipe(timelineQuery.shape.to)) to?: Date,
  ): Promise<TimelineView> {
    const loader = loaders.asking(TIMELINES, [from, to], (clusters: readonly TimelineCluster[]) => this.timeline.ofMany(clusters, { from, to }), keyOf);
    return toTimelineView(await loader.load(cluster));
  }

  private async byCluster(keys: readonly Key[]): Promise<AutoImportToken[][]> {
    const namesByHub = new Map<string, string[]>();
    for (const { hubId, name } of keys) namesByHub.set(hubId, [...(namesByHub.get(hubId) ?? []), name]);
    const rows = await this.service.ofClustersOfHubs(namesByHub);
    return keys.map((key) => rows.filter((row) => row.hubId === key.hubId && row.cluster === key.name));
  }
}
