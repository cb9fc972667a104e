/** Where GraphQL is served, for HTTP and WebSocket. */
export const GRAPHQL_PATH = '/graphql';
