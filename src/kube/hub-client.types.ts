import type { Clock } from '../common/clock.js';
import type { Secret } from '../common/secret.js';

/** Where a hub is and how to log in. Holds no file path: everything is in here. */
export interface HubConnection {
  /** `https://host:port`, optionally with a path prefix */
  readonly server: string;
  /** PEM; absent: the system's roots */
  readonly caPem?: string;
  readonly tlsServerName?: string;
  readonly auth: { readonly type: 'token'; readonly token: Secret } | { readonly type: 'certificate'; readonly certPem: string; readonly keyPem: Secret };
}

export interface HubClientOptions {
  /** The User-Agent, default `lifeboat/VERSION`: what a hub's audit log knows this client by */
  readonly userAgent?: string;
  /** Loopback is refused unless set (tests, the demo). Link-local and metadata addresses are refused always. */
  readonly allowLoopback?: boolean;
  /** Default `lifeboat` */
  readonly defaultFieldManager?: string;
  /** Default true: HTTP/2 where the hub offers it */
  readonly http2?: boolean;
  /** Default 15,000: an HTTP/2 connection that leaves two pings unanswered is given up, after at most twice this */
  readonly http2PingMs?: number;
  /** What the hub's clock is compared with; default the system's */
  readonly clock?: Pick<Clock, 'now'>;
  /** Default true: no more calls at once than the hub stands. A client that stands for many others sets no limit to itself */
  readonly limited?: boolean;
}
