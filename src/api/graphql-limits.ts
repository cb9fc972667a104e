import { ApolloArmor } from '@escape.tech/graphql-armor';
import { GraphQLError, type ParseOptions, type ValidationRule } from 'graphql';

// One file for the limits, so that the package behind them can be replaced: graphql-armor follows Apollo slowly.

const MAX_TOKENS = 2000;

const armor = new ApolloArmor({
  blockFieldSuggestion: { enabled: false }, // Apollo's hideSchemaDetailsFromClientErrors does it
  maxTokens: { enabled: false }, // graphql-js counts while it parses
  maxDepth: { n: 10, flattenFragments: true, ignoreIntrospection: true }, // graphql-js has a rule of its own for that
  costLimit: { maxCost: 5000, objectCost: 2, scalarCost: 1, depthCostFactor: 1.5, flattenFragments: true, ignoreIntrospection: true },
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
