import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphQLContext } from '../api/context.js';
import { ClusterModel, type ClusterView } from '../fleet/fleet.models.js';
import { TokenModel, toTokenView, type TokenView } from './tokens.models.js';
import { TokensService } from './tokens.service.js';
import type { AutoImportToken } from './tokens.types.js';

const TOKENS = {};
type Key = Pick<ClusterView, 'hubId' | 'name'>;
const keyOf = ({ hubId, name }: Key): string => `${hubId}/${name}`;

/** `cluster.tokens`. */
@Resolver(() => ClusterModel)
export class ClusterTokensResolver {
  constructor(private readonly service: TokensService) {}

  @ResolveField(() => [TokenModel])
  async tokens(@Parent() cluster: ClusterView, @Context() { loaders }: GraphQLContext): Promise<TokenView[]> {
    return (await loaders.of(TOKENS, (keys: readonly Key[]) => this.byCluster(keys), keyOf).load(cluster)).map(toTokenView);
  }

  private async byCluster(keys: readonly Key[]): Promise<AutoImportToken[][]> {
    const namesByHub = new Map<string, string[]>();
    for (const { hubId, name } of keys) namesByHub.set(hubId, [...(namesByHub.get(hubId) ?? []), name]);
    const rows = (await Promise.all([...namesByHub].map(([hubId, names]) => this.service.ofClusters(hubId, names)))).flat();
    return keys.map((key) => rows.filter((row) => row.hubId === key.hubId && row.cluster === key.name));
  }
}
