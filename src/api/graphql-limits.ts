import { ApolloArmor } from '@escape.tech/graphql-armor';
import { NoSchemaIntrospectionCustomRule, type ParseOptions, type ValidationRule } from 'graphql';

// One file for the limits, so that the package behind them can be replaced: graphql-armor follows Apollo slowly.

const MAX_TOKENS = 2000;

const armor = new ApolloArmor({
  blockFieldSuggestion: { enabled: false }, // Apollo's hideSchemaDetailsFromClientErrors does it
  maxTokens: { enabled: false }, // graphql-js counts while it parses
  maxDepth: { n: 10, flattenFragments: true, ignoreIntrospection: false },
  costLimit: { maxCost: 5000, objectCost: 2, scalarCost: 1, depthCostFactor: 1.5, flattenFragments: true, ignoreIntrospection: true },
  maxAliases: { n: 15 },
  maxDirectives: { n: 20 },
});

/** How heavy an operation may be: depth 10, cost 5000, 15 aliases, 20 directives. Through HTTP and WebSocket alike. */
export const operationRules: readonly ValidationRule[] = armor.protect().validationRules;

/** Of a subscription, which asks for no schema. */
export const subscriptionRules: readonly ValidationRule[] = [...operationRules, NoSchemaIntrospectionCustomRule];

export const parseLimits: ParseOptions = { maxTokens: MAX_TOKENS };
