import { badRequest } from './api-status.js';
import type { Kind } from './kinds.js';

export interface FieldRequirement {
  readonly field: string;
  readonly equals: boolean;
  readonly value: string;
}

/** What a field selector can ask about one object. */
export interface SelectableFields {
  readonly name: string;
  readonly namespace: string;
  /** Of the kinds that offer more: Secrets `type`, Namespaces `status.phase` */
  readonly extra: string;
}

const EXTRA_FIELD: Readonly<Record<string, string>> = { Secret: 'type', Namespace: 'status.phase' };

/** The one further field by which objects of a kind can be selected, null for most. */
export const extraField = (kind: Kind): string | null => (kind.group === '' ? (EXTRA_FIELD[kind.kind] ?? null) : null);

/** A field selector: `metadata.name=a,metadata.namespace!=b`. */
export class FieldSelector {
  private constructor(readonly requirements: readonly FieldRequirement[]) {}

  /** @throws ApiStatusError 400 where it cannot be parsed or the kind has no such field */
  static parse(text: string | null | undefined, kind: Kind): FieldSelector | null {
    if (!text?.trim()) return null;
    const requirements = text.split(',').filter(Boolean).map((part) => {
      const parsed = /^([^=!]+)(==|!=|=)(.*)$/.exec(part.trim());
      if (!parsed) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
      const [, field = '', operator, value = ''] = parsed;
      const known = field === 'metadata.name' || (field === 'metadata.namespace' && kind.namespaced) || field === extraField(kind);
      if (!known) throw badRequest(`field label not supported: ${field}`);
      return { field, equals: operator !== '!=', value };
    });
    return new FieldSelector(requirements);
  }

  matches(fields: SelectableFields): boolean {
    return this.requirements.every(({ field, equals, value }) => {
      const actual = field === 'metadata.name' ? fields.name : field === 'metadata.namespace' ? fields.namespace : fields.extra;
      return (actual === value) === equals;
    });
  }

  /** The only name that can match, null where several can. */
  get onlyName(): string | null {
    return this.requirements.find(({ field, equals }) => field === 'metadata.name' && equals)?.value ?? null;
  }
}
