import { z } from 'zod';
import { argsType, inputType, objectType } from '../api/graphql-from-zod.js';
import { id, instant } from '../api/schemas.js';
import { iso, named } from '../api/view.js';
import { changeTypes, type Change, type ChangePage, type ChangeStep } from './changes.types.js';

const changeType = named('ChangeType', changeTypes, 'What became of a hub or a token');
/** Of up to 15 digits: what JSON's numbers hold exactly */
const changeId = z.string().regex(/^\d{1,15}$/, 'must be an id of a change');

const changeView = z
  .object({
    id: changeId.describe('1, 2, 3\u2026 without a gap, in the order in which the changes can be read'),
    at: instant.describe('When it was written, by the database\u2019s clock'),
    type: changeType,
    hubId: id,
    cluster: z.string().nullable().describe('null: it is about the hub'),
    subjectId: id.describe('Of the hub or the token'),
    data: z.record(z.string(), z.unknown()).describe('`{ field: { from, to } }` of what is another now, named as in the resource, and what tells which it is (`account`, `code`, `name`)'),
  })
  .meta({ id: 'Change', description: 'One entry of the change log. Never the token itself' });
type ChangeView = z.infer<typeof changeView>;

export const toChangeView = (change: Change): ChangeView => ({
  id: String(change.id),
  at: iso(change.at),
  type: change.type,
  hubId: change.hubId,
  cluster: change.cluster,
  subjectId: change.subjectId,
  data: { ...change.data },
});

const UP_TO = 'Every change up to here that the filter lets through was told: read on after it';
export const changePageView = z
  .object({
    items: z.array(changeView),
    upToId: changeId.describe(UP_TO),
    keptAfterId: changeId.describe('The smallest `after` that is still answered'),
    hasMore: z.boolean(),
  })
  .meta({ id: 'ChangePage', description: 'Some changes in order, and where the log stands' });
export type ChangePageView = z.infer<typeof changePageView>;

export const toChangePageView = (page: ChangePage): ChangePageView => ({
  items: page.items.map(toChangeView),
  upToId: String(page.upToId),
  keptAfterId: String(page.keptAfterId),
  hasMore: page.hasMore,
});

const changeStepView = z
  .object({ upToId: changeId.describe(UP_TO), change: changeView.nullable().describe('null: nothing for you; you only learn where you stand') })
  .meta({ id: 'ChangeStep', description: 'A step of a reader who follows the change log' });
export type ChangeStepView = z.infer<typeof changeStepView>;

export const toChangeStepView = ({ upToId, change }: ChangeStep): ChangeStepView => ({ upToId: String(upToId), change: change && toChangeView(change) });

const AFTER = 'Id of the last change that you have. Absent: from now on';
const MANY = changeTypes.length;
const filter = {
  hubId: id.optional(),
  cluster: z.string().trim().min(1).max(253).optional().describe('Exact name; leaves out what is about the hub itself'),
};
/** `?types=TOKEN_ADDED,TOKEN_REMOVED` or the parameter twice */
const manyTypes = z.preprocess((value) => (typeof value === 'string' ? value.split(',') : value), z.array(changeType).min(1).max(MANY));
const toNumber = (text: string): number => Number(text);

export const changeQuery = z.strictObject({
  after: changeId.transform(toNumber).optional().describe(`${AFTER}; Last-Event-ID says the same`),
  ...filter,
  types: manyTypes.optional().describe('One or more; also by commas'),
  limit: z.coerce.number().int().min(1).max(500).default(200),
});

// ---- GraphQL

export const ChangePageModel = objectType(changePageView);
export const ChangeStepModel = objectType(changeStepView);

const changeFilter = z.strictObject({ ...filter, types: z.array(changeType).min(1).max(MANY).optional() });
const after = changeId.optional().describe(AFTER);
const first = z.int().min(1).max(500).default(100).describe('Changes of a page, 1 to 500');
const ChangeFilterInput = { filter: { type: inputType('ChangeFilter', changeFilter), nullable: true } };

export const ChangeLogArguments = argsType('ChangeLogArguments', z.object({ after, first }), ChangeFilterInput);
export const changeLogArguments = z.strictObject({ after: changeId.transform(toNumber).optional(), first, filter: changeFilter.default({}) });
export const FollowChangesArguments = argsType('FollowChangesArguments', z.object({ after }), ChangeFilterInput);
export const followChangesArguments = changeLogArguments.omit({ first: true });
