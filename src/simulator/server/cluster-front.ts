import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Clock } from '../../common/clock.js';
import type { ClusterRegistry, ManagedClusterSim } from '../actors/clusters.js';
import { at, text } from '../actors/json.js';
import { ApiStatusError } from '../store/api-status.js';
import { HttpExchange } from './http-exchange.js';
import { HttpsFront } from './https-front.js';
import { TlsAuthority } from './tls-authority.js';

/** Who asks from outside every hub. */
const OUTSIDE = 'outside';

const REVIEW = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const unauthorized = (): ApiStatusError => new ApiStatusError(401, 'Unauthorized', 'Unauthorized');
const NOT_THERE = 'the server could not find the requested resource';

/** One question that somebody asked of a cluster about himself. */
export interface AskedReview {
  readonly cluster: string;
  readonly status: number;
  /** As the cluster knows who asked; null: it does not */
  readonly subject: string | null;
  readonly allowed: boolean;
}

/**
 * The API servers of managed clusters, behind one port: `https://127.0.0.1:PORT/NAME`. They know the tokens that the clusters issued, and answer
 * who asks about himself (SelfSubjectAccessReview, which system:basic-user grants to everybody who has logged in) and for their version. A
 * cluster that sleeps, or cannot be reached from `outside`, hangs up.
 */
export class ClusterFront {
  /** Oldest first */
  readonly reviews: AskedReview[] = [];
  /** The Authorization headers that came, of whatever request */
  readonly shown: string[] = [];
  /** Puts its own answer in place of a cluster's; null: does not */
  instead: ((cluster: string, exchange: HttpExchange) => boolean) | null = null;
  private readonly front: HttpsFront;

  private constructor(
    private readonly clusters: ClusterRegistry,
    private readonly clock: Pick<Clock, 'now'>,
    readonly caPem: string,
    serving: { readonly certPem: string; readonly keyPem: string },
  ) {
    this.front = new HttpsFront({ serving, caPem, port: 0, onRequest: (request, response) => void this.answer(request, response) });
  }

  static async start(clusters: ClusterRegistry, clock: Pick<Clock, 'now'>): Promise<ClusterFront> {
    const authority = await TlsAuthority.create('kube-apiserver-lb-signer');
    const front = new ClusterFront(clusters, clock, authority.certPem, await authority.issueServing());
    await front.front.open();
    return front;
  }

  urlOf(cluster: string): string {
    return `https://127.0.0.1:${this.front.port}/${cluster}`;
  }

  stop(): Promise<void> {
    return this.front.close();
  }

  private async answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const exchange = new HttpExchange(request, response, () => this.clock.now(), () => false);
    const [, name = '', path = ''] = /^\/([^/]+)(\/.*)$/.exec(exchange.path) ?? [];
    const authorization = exchange.header('authorization');
    if (authorization !== undefined) this.shown.push(authorization);
    const cluster = this.clusters.find(name);
    if (cluster === undefined || !cluster.isReachableFrom(OUTSIDE)) {
      request.socket.destroy();
      return;
    }
    if (this.instead?.(name, exchange) === true) return;
    try {
      if (exchange.method === 'GET' && path === '/version') exchange.json(200, JSON.stringify({ major: '1', minor: '31', gitVersion: 'v1.31.0' }));
      else if (exchange.method === 'POST' && path === REVIEW) await this.review(cluster, exchange, authorization);
      else throw new ApiStatusError(404, 'NotFound', NOT_THERE, {});
    } catch (error) {
      // Whoever hangs up in the middle of his question gets no answer.
      if (error instanceof ApiStatusError) exchange.json(error.code, JSON.stringify(error.toStatus()));
      else request.socket.destroy();
    }
  }

  /** Who shows no credentials is anonymous, and may not even ask. @throws ApiStatusError 400, 401, 403 */
  private async review(cluster: ManagedClusterSim, exchange: HttpExchange, authorization: string | undefined): Promise<void> {
    const asked = jsonOf((await exchange.body()).toString('utf8'));
    const told = (status: number, subject: string | null, allowed: boolean): void => void this.reviews.push({ cluster: cluster.name, status, subject, allowed });
    if (authorization === undefined) {
      told(403, null, false);
      throw new ApiStatusError(403, 'Forbidden', 'selfsubjectaccessreviews.authorization.k8s.io is forbidden: User "system:anonymous" cannot create resource', {});
    }
    const verdict = cluster.reviewToken(/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '', this.clock.now());
    if (!verdict.ok) {
      told(401, null, false);
      throw unauthorized();
    }
    const allowed = mayBootstrap(asked) && cluster.mayUpdateBootstrap(verdict.subject);
    told(201, verdict.subject, allowed);
    const answer = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: { creationTimestamp: null }, spec: at(asked, 'spec'), status: { allowed } };
    exchange.json(201, JSON.stringify(answer));
  }
}

/** All that the role gives, in whichever namespace, since a ClusterRoleBinding binds it. */
function mayBootstrap(asked: unknown): boolean {
  const of = (key: string): string => text(at(asked, 'spec', 'resourceAttributes', key)) ?? '';
  return of('group') === '' && of('resource') === 'secrets' && of('subresource') === '' && of('name') === 'bootstrap-hub-kubeconfig' && ['get', 'update'].includes(of('verb'));
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new ApiStatusError(400, 'BadRequest', 'the body is no JSON');
  }
}
