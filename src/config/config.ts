import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { Secret } from '../common/secret.js';

const ROLES = ['api', 'worker'] as const;
export type ProcessRole = (typeof ROLES)[number];

const seconds = (fallback: number) => z.coerce.number().positive().max(86_400).default(fallback);
const hours = (fallback: number) => z.coerce.number().positive().max(8_760).default(fallback);
const flag = z.enum(['true', 'false']).default('false').transform((value) => value === 'true');

/** `id:base64` pairs, the current one first; 32 bytes each */
const sealingKeys = z
  .string()
  .transform((text, context) => {
    const keys = new Map<string, Secret<Buffer>>();
    for (const part of text.split(',')) {
      const [id, value] = part.trim().split(':');
      const bytes = Buffer.from(value ?? '', 'base64');
      if (!id || !/^[\w-]{1,32}$/.test(id) || bytes.length !== 32 || keys.has(id)) {
        context.addIssue({ code: 'custom', message: 'must be id:base64 pairs, comma separated, each key 32 bytes, each id once' });
        return z.NEVER;
      }
      keys.set(id, new Secret(bytes));
    }
    return keys;
  });

/** Each variable's row in README.md says the same; a test compares them. */
export const environment = z.object({
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://').optional(),
  REDIS_URL: z.string().regex(/^rediss?:\/\//, 'must begin with redis:// or rediss://').optional(),
  LIFEBOAT_DATA_DIR: z.string().min(1).optional(),
  LIFEBOAT_ROLES: z
    .string()
    .default('api,worker')
    .transform((text) => text.split(',').map((role) => role.trim()))
    .pipe(z.array(z.enum(ROLES)).min(1)),
  LIFEBOAT_SEALING_KEYS: sealingKeys.optional(),
  LIFEBOAT_ALLOW_LOOPBACK_HUBS: flag,
  LIFEBOAT_LEASE_SECONDS: seconds(15).pipe(z.number().min(1)),
  LIFEBOAT_SWEEP_SECONDS: seconds(30),
  LIFEBOAT_FAILOVER_POLL_SECONDS: seconds(5),
  LIFEBOAT_IMPORT_RETRY_SECONDS: seconds(30),
  LIFEBOAT_CHANGES_KEPT_HOURS: hours(72),
  LIFEBOAT_CORS_ORIGINS: z
    .string()
    .transform((list) => list.split(',').map((one) => one.trim()))
    .pipe(z.array(z.string().regex(/^https?:\/\/[^\s/*@]+$/, 'must be origins like https://portal.example, comma separated')))
    .optional(),
  LIFEBOAT_REQUESTS_PER_MINUTE: z.coerce.number().int().positive().optional(),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** What the process was told, parsed once; also the injection token. */
export class Config {
  /** Absent: an embedded PostgreSQL in `dataDir` */
  readonly databaseUrl?: Secret;
  /** Absent: BullMQ's own PostgreSQL backend */
  readonly redisUrl?: Secret;
  readonly dataDir!: string;
  readonly roles!: ReadonlySet<ProcessRole>;
  /** By key id; the first is the one that seals. Absent: a key file in `dataDir` */
  readonly sealingKeys?: ReadonlyMap<string, Secret<Buffer>>;
  /** For tests and the demo: hubs on 127.0.0.1 */
  readonly allowLoopbackHubs!: boolean;
  /** Life of a lease without renewal */
  readonly leaseMs!: number;
  /** How often unfinished work is looked for in the tables */
  readonly sweepMs!: number;
  /** How often a running failover looks at its target */
  readonly failoverPollMs!: number;
  /** First pause between two tries of an import; it doubles up to ten times this */
  readonly importRetryMs!: number;
  /** How long the change log is kept */
  readonly changesKeptMs!: number;
  /** Origins whose pages may call; absent: no other site's page may */
  readonly corsOrigins?: readonly string[];
  /** Of one caller; absent: as many as come */
  readonly requestsPerMinute?: number;
  readonly host!: string;
  readonly port!: number;
  readonly logLevel!: z.infer<typeof environment>['LOG_LEVEL'];
}

/** Secrets may come from files: `NAME_FILE` holds the path of the file that holds NAME. */
const FROM_FILE = ['DATABASE_URL', 'REDIS_URL', 'LIFEBOAT_SEALING_KEYS'] as const;

function withFiles(env: Record<string, string | undefined>): Record<string, string | undefined> {
  const result = { ...env };
  for (const name of FROM_FILE) {
    const path = env[`${name}_FILE`];
    if (path && !env[name]) result[name] = readFileSync(path, 'utf8').trim();
  }
  return result;
}

/** Root's home is closed to others, and PostgreSQL refuses to run as root: its user could not get there. */
function defaultDataDir(env: Record<string, string | undefined>): string {
  if (env['XDG_DATA_HOME']) return join(env['XDG_DATA_HOME'], 'lifeboat');
  return process.getuid?.() === 0 ? '/var/lib/lifeboat' : join(homedir(), '.local', 'share', 'lifeboat');
}

/**
 * Reads the environment. Empty variables count as absent.
 * @throws Error that names every bad variable and why; values are left out, since they may be secrets
 */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(withFiles(env)).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    throw new Error('Bad configuration\n' + parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`).join('\n'));
  }
  const e = parsed.data;
  return Object.freeze({
    databaseUrl: e.DATABASE_URL === undefined ? undefined : new Secret(e.DATABASE_URL),
    redisUrl: e.REDIS_URL === undefined ? undefined : new Secret(e.REDIS_URL),
    dataDir: e.LIFEBOAT_DATA_DIR ?? defaultDataDir(env),
    roles: new Set(e.LIFEBOAT_ROLES),
    sealingKeys: e.LIFEBOAT_SEALING_KEYS,
    allowLoopbackHubs: e.LIFEBOAT_ALLOW_LOOPBACK_HUBS,
    leaseMs: e.LIFEBOAT_LEASE_SECONDS * 1000,
    sweepMs: e.LIFEBOAT_SWEEP_SECONDS * 1000,
    failoverPollMs: e.LIFEBOAT_FAILOVER_POLL_SECONDS * 1000,
    importRetryMs: e.LIFEBOAT_IMPORT_RETRY_SECONDS * 1000,
    changesKeptMs: e.LIFEBOAT_CHANGES_KEPT_HOURS * 3_600_000,
    corsOrigins: e.LIFEBOAT_CORS_ORIGINS,
    requestsPerMinute: e.LIFEBOAT_REQUESTS_PER_MINUTE,
    host: e.HOST,
    port: e.PORT,
    logLevel: e.LOG_LEVEL,
  });
}
