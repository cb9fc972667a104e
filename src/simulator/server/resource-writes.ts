import { methodNotAllowed } from '../store/api-status.js';
import { isRecord } from '../store/deep-equal.js';
import type { HubStore } from '../store/hub-store.js';
import type { Registry } from '../store/registry.js';
import type { Representation, StoredObject } from '../store/stored-object.js';
import type { Identities } from './identities.js';
import { listBody } from './list-body.js';
import { patchTypeOf, readDeleteOptions, readObject, readPatch } from './request-body.js';
import { deleteRequest, selectorsOf, writeContext } from './request-options.js';
import type { Answer, ResourceCall, WriteVerb } from './resource-call.js';
import { answerReview } from './reviews.js';

export interface WriteParts {
  readonly store: HubStore;
  readonly registry: Registry;
  readonly identities: Identities;
}

/** Everything that changes the store, and the reviews, which are posted. */
export class ResourceWrites {
  constructor(private readonly parts: WriteParts) {}

  async answer(call: ResourceCall, verb: WriteVerb): Promise<Answer> {
    const { collection: { kind }, exchange, identity } = call;
    if (kind.review) {
      if (verb !== 'create') throw methodNotAllowed();
      return [201, JSON.stringify(answerReview(kind, await readObject(exchange, kind), identity, this.parts.identities))];
    }
    if (verb === 'delete') return [200, await this.delete(call)];
    if (verb === 'deletecollection') return [200, await this.deleteCollection(call)];
    return this.write(call, verb);
  }

  private async write(call: ResourceCall, verb: WriteVerb): Promise<Answer> {
    const { registry } = this.parts;
    const { collection, exchange, target, outcome } = call;
    const namespace = target.namespace ?? '';
    const name = target.name ?? '';
    const context = writeContext(exchange, call.identity, verb, target);
    outcome.fieldManager = context.fieldManager;
    const patchType = verb === 'patch' || verb === 'apply' ? patchTypeOf(exchange, collection.kind) : null;
    const body = patchType ? await readPatch(exchange) : await readObject(exchange, collection.kind);
    if (verb === 'create') outcome.name = nameOf(body);
    // From here on nothing waits, so no other writer comes between.
    const before = name ? collection.get(namespace, name) : undefined;
    let stored: StoredObject;
    if (patchType === 'apply') stored = registry.apply(collection, namespace, name, body, { ...context, force: exchange.flag('force') });
    else if (patchType) stored = registry.patch(collection, namespace, name, patchType, body, context);
    else if (verb === 'create') stored = registry.create(collection, namespace, body, context);
    else stored = registry.replace(collection, namespace, name, body, context);
    outcome.name = stored.name;
    outcome.changed = stored !== before && !context.dryRun;
    const created = verb === 'create' || (verb === 'apply' && !before);
    return [created ? 201 : 200, context.dryRun && created ? withoutRevision(stored, call.representation) : stored.json(call.representation)];
  }

  private async delete(call: ResourceCall): Promise<string> {
    const { registry } = this.parts;
    const { collection, exchange, target, outcome } = call;
    const request = deleteRequest(exchange, await readDeleteOptions(exchange));
    const before = collection.get(target.namespace ?? '', target.name ?? '');
    const context = writeContext(exchange, call.identity, 'delete', target);
    const { object, gone } = registry.delete(collection, target.namespace ?? '', target.name ?? '', request, context);
    outcome.changed = !context.dryRun && (gone || object !== before);
    const { kind } = collection;
    // A namespace is never gone at once, and is shown on its way out.
    if (!gone || (kind.group === '' && kind.plural === 'namespaces')) return object.json(call.representation);
    return JSON.stringify({
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: object.name, ...(kind.group ? { group: kind.group } : {}), kind: kind.plural, uid: object.uid },
    });
  }

  private async deleteCollection(call: ResourceCall): Promise<string> {
    const { registry } = this.parts;
    const { collection, exchange, target, outcome } = call;
    const request = deleteRequest(exchange, await readDeleteOptions(exchange));
    const context = writeContext(exchange, call.identity, 'deletecollection', target);
    const objects = collection.select(selectorsOf(exchange, collection, target));
    for (const { namespace, name } of objects) if (collection.get(namespace, name)) registry.delete(collection, namespace, name, request, context);
    outcome.changed = objects.length > 0 && !context.dryRun;
    return listBody(call, { items: objects, revision: this.parts.store.revision, continueToken: null, remaining: null });
  }
}

/** Of an object that may be anything. */
function nameOf(body: unknown): string {
  const metadata = isRecord(body) ? body['metadata'] : null;
  return isRecord(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : '';
}

/** What would have been made has no version. */
function withoutRevision(stored: StoredObject, representation: Representation): string {
  const object = JSON.parse(stored.json(representation)) as { metadata: { resourceVersion?: string } };
  delete object.metadata.resourceVersion;
  return JSON.stringify(object);
}
