import { ApolloArmor } from '@escape.tech/graphql-armor';
import {
  getNullableType, getOperationAST, getVariableValues, GraphQLError, isListType, Kind, type ArgumentNode, type DocumentNode, type FieldNode, type GraphQLField, type GraphQLSchema, type ParseOptions, TypeInfo, validate, type ValidationRule, visit, visitWithTypeInfo,
} from 'graphql';

// One file for the limits, so that the package behind them can be replaced: graphql-armor follows Apollo slowly.

const MAX_TOKENS = 2000;

const COST = { maxCost: 5000, objectCost: 2, scalarCost: 1, depthCostFactor: 1.5, flattenFragments: true, ignoreIntrospection: true };
const OFF = { enabled: false };

const armor = new ApolloArmor({
  blockFieldSuggestion: { enabled: false }, // Apollo's hideSchemaDetailsFromClientErrors does it
  maxTokens: { enabled: false }, // graphql-js counts while it parses
  maxDepth: { n: 10, flattenFragments: true, ignoreIntrospection: true }, // graphql-js has a rule of its own for that
  costLimit: COST,
  maxAliases: { n: 15, allowList: [] },
  maxDirectives: { n: 20 },
});

const weightRules: readonly ValidationRule[] = armor.protect().validationRules;

/** Over HTTP a subscription would be carried out as a query, and leave its stream behind. */
const noSubscriptions: ValidationRule = (context) => ({
  OperationDefinition(node) {
    if (node.operation === 'subscription') context.reportError(new GraphQLError('Subscriptions are served over WebSocket (graphql-transport-ws)', { nodes: node }));
  },
});

/** How heavy a query or mutation may be: depth 10, cost 5000, 15 aliases, 20 directives. */
export const httpRules: readonly ValidationRule[] = [...weightRules, noSubscriptions];

/** The same for a subscription. The schema cannot be asked for there: GraphQL has it below Query alone. */
export const subscriptionRules: readonly ValidationRule[] = weightRules;

export const parseLimits: ParseOptions = { maxTokens: MAX_TOKENS };

const costAlone: readonly ValidationRule[] = new ApolloArmor({ blockFieldSuggestion: OFF, maxTokens: OFF, maxDepth: OFF, maxAliases: OFF, maxDirectives: OFF, costLimit: COST }).protect().validationRules;

/**
 * What is wrong with the cost of an operation, once its variables are known. A page costs as often as it has rows; the rules above see the rows
 * that are written into the query, and neither those in a variable nor those that a field has by default.
 */
export function costErrors(schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined, variables: Readonly<Record<string, unknown>>): readonly GraphQLError[] {
  const operation = getOperationAST(document, operationName);
  if (!operation) return [];
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  if (coerced === undefined) return []; // it is not carried out
  const types = new TypeInfo(schema);
  const asked: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation, ...document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION)] };
  const written = visit(asked, visitWithTypeInfo(types, { Field: (field) => withRowsWritten(field, types.getFieldDef(), coerced) }));
  return validate(schema, written, [...costAlone]);
}

/** Rows by default count where the field is the list: one that has more to tell may be asked without its rows. */
function withRowsWritten(field: FieldNode, known: GraphQLField<unknown, unknown> | null | undefined, variables: Readonly<Record<string, unknown>>): FieldNode {
  const isList = isListType(getNullableType(known?.type));
  const rows = (known?.args ?? []).filter(({ name }) => name === 'first' || name === 'last').flatMap(({ name, defaultValue }): ArgumentNode[] => {
    const given = field.arguments?.find((one) => one.name.value === name)?.value;
    if (given !== undefined && given.kind !== Kind.VARIABLE) return [];
    const value = given === undefined ? (isList ? defaultValue : undefined) : (variables[given.name.value] ?? defaultValue);
    return typeof value === 'number' ? [{ kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: name }, value: { kind: Kind.INT, value: String(value) } }] : [];
  });
  const names = new Set(rows.map(({ name }) => name.value));
  return rows.length === 0 ? field : { ...field, arguments: [...rows, ...(field.arguments ?? []).filter(({ name }) => !names.has(name.value))] };
}
