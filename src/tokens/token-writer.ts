import { Injectable } from '@nestjs/common';
import { observedObject } from '../fleet/facts.rules.js';
import type { FactsByKind } from '../fleet/facts.types.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError, type KubeError } from '../kube/kube-error.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { accountManifest, addOnManifest, secretPatch, validityPatch, workManifest } from './token-manifests.rules.js';
import type { ObservedToken, Seen, TokenAction, TokenProblem } from './token-plan.rules.js';
import { rightFor } from './token-write.rules.js';

type WrittenKind = 'ADDON' | 'ACCOUNT' | 'WORK' | 'TOKEN_SECRET';

/** What a write of ours left on the hub; null: nothing. */
interface Written {
  readonly kind: WrittenKind;
  readonly name: string;
  readonly seen: Seen<unknown> | null;
}

interface Echo extends Written {
  /** resourceVersion in the facts that the write was decided on; null: the object was not there */
  readonly before: string | null;
  /** Monotonic milliseconds */
  readonly until: number;
}

/** A watch tells of our write within a moment. If it does not, what it tells is believed. Milliseconds. */
const ECHO_MS = 30_000;

/**
 * Carries out writes, and remembers each until the hub's watch has told of it: a pass that comes sooner sees what we know to be there,
 * and does not write it again.
 */
@Injectable()
export class TokenWriter {
  private readonly echoes = new Map<string, Map<string, Echo>>();

  /** What the facts say, with our own writes that they do not show yet. */
  withOwnWrites(hubId: string, observed: ObservedToken): ObservedToken {
    const own = this.echoes.get(`${hubId}/${observed.cluster}`);
    if (own === undefined) return observed;
    let world = observed;
    for (const [key, echo] of own) {
      const told = objectIn(observed, echo.kind, echo.name)?.resourceVersion ?? null;
      if (told !== echo.before || performance.now() >= echo.until) own.delete(key);
      else world = withObject(world, echo);
    }
    if (own.size === 0) this.echoes.delete(`${hubId}/${observed.cluster}`);
    return world;
  }

  /**
   * How long what we wrote to the cluster is believed without a word of the watch, milliseconds; null: the watch has told of everything. It may
   * never tell: what is made and taken away at once can be neither to it. So whoever believes looks again then.
   */
  believedForMs(hubId: string, cluster: string): number | null {
    const own = this.echoes.get(`${hubId}/${cluster}`);
    return own === undefined ? null : Math.max(0, Math.min(...[...own.values()].map(({ until }) => until)) - performance.now());
  }

  /** @param signal calls the write off. @returns the world with what was written. @throws KubeError */
  async carryOut(client: HubClient, hubId: string, world: ObservedToken, action: TokenAction, signal: AbortSignal): Promise<ObservedToken> {
    const written = await write(client, world.cluster, action, signal);
    const before = objectIn(world, written.kind, written.name)?.resourceVersion ?? null;
    const key = `${hubId}/${world.cluster}`;
    const own = this.echoes.get(key) ?? new Map<string, Echo>();
    // Written twice before the first echo: the facts still show what was there before the first.
    const earlier = own.get(`${written.kind}/${written.name}`);
    own.set(`${written.kind}/${written.name}`, { ...written, before: earlier?.before ?? before, until: performance.now() + ECHO_MS });
    this.echoes.set(key, own);
    return withObject(world, written);
  }

  /** Why a write is refused where the hub's words do not tell: whether we lack a right, a review says. */
  async refusal(client: HubClient, cluster: string, action: TokenAction, error: KubeError): Promise<TokenProblem> {
    if (error.code === 'HUB_FORBIDDEN') {
      const right = rightFor(action, cluster);
      const allowed = await client.mayI(right).catch((failure: unknown) => {
        if (isKubeError(failure)) return false; // who may not even ask lacks rights
        throw failure;
      });
      if (!allowed) return { code: 'RIGHTS_MISSING', detail: `Lifeboat\u2019s account may not ${right.verb} ${right.resource}: ${error.message}` };
    }
    return { code: 'HUB_REJECTED_WRITE', detail: error.message };
  }
}

async function write(client: HubClient, cluster: string, action: TokenAction, signal: AbortSignal): Promise<Written> {
  const ref = (name: string) => ({ namespace: cluster, name });
  switch (action.type) {
    case 'MARK_SECRET':
      return written('TOKEN_SECRET', await client.patch(resources.secret, ref(action.name), secretPatch(action), { patchType: 'merge', metadataOnly: true, signal }));
    case 'DELETE_SECRET':
      await client.delete(resources.secret, ref(action.name), { preconditions: { uid: action.uid }, signal });
      return { kind: 'TOKEN_SECRET', name: action.name, seen: null };
    case 'APPLY_ADDON':
      return written('ADDON', await client.apply(resources.managedClusterAddOn, addOnManifest(cluster), { signal }));
    case 'APPLY_ACCOUNT':
      return written('ACCOUNT', await client.apply(resources.managedServiceAccount, accountManifest(cluster, action), { signal }));
    case 'CHANGE_VALIDITY':
      return written('ACCOUNT', await client.patch(resources.managedServiceAccount, ref(action.account), validityPatch(action), { patchType: 'merge', signal }));
    case 'APPLY_WORK':
      return written('WORK', await client.apply(resources.manifestWork, workManifest(cluster, action), { metadataOnly: true, signal }));
    case 'DELETE_WORK':
      await client.delete(resources.manifestWork, ref(action.name), { preconditions: { uid: action.uid }, signal });
      return { kind: 'WORK', name: action.name, seen: null };
  }
}

function written(kind: WrittenKind, object: KubeObject): Written {
  const { name, uid, resourceVersion, facts } = observedObject(kind, object);
  return { kind, name, seen: { uid, resourceVersion, facts } };
}

function objectIn(world: ObservedToken, kind: WrittenKind, name: string): Seen<unknown> | null {
  switch (kind) {
    case 'ADDON':
      return world.addOn;
    case 'ACCOUNT':
      return world.accounts.get(name) ?? null;
    case 'WORK':
      return world.works.get(name) ?? null;
    case 'TOKEN_SECRET':
      return world.secrets.get(name) ?? null;
  }
}

function changed<Facts>(objects: ReadonlyMap<string, Seen<Facts>>, { name, seen }: Written): ReadonlyMap<string, Seen<Facts>> {
  const others = [...objects].filter(([other]) => other !== name);
  return new Map(seen === null ? others : [...others, [name, seen as Seen<Facts>]]);
}

function withObject(world: ObservedToken, one: Written): ObservedToken {
  switch (one.kind) {
    case 'ADDON':
      return { ...world, addOn: one.seen as Seen<FactsByKind['ADDON']> | null };
    case 'ACCOUNT':
      return { ...world, accounts: changed(world.accounts, one) };
    case 'WORK':
      return { ...world, works: changed(world.works, one) };
    case 'TOKEN_SECRET':
      return { ...world, secrets: changed(world.secrets, one) };
  }
}
