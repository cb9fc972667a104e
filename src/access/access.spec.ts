import { startHttpApp, type HttpApp } from '../../test/support/http-app.js';

let http: HttpApp;
beforeAll(async () => { http = await startHttpApp(); });
afterAll(() => http.close());

test('whoami through both doors', async () => {
  const rest = await http.call('GET', '/api/v1/whoami');
  expect(rest.status).toBe(200);
  expect(rest.body).toMatchObject({ name: 'test admin', roles: ['admin'] });
  const graphql = await http.graphql('{ whoami { id name roles permissions expiresAt } }');
  expect(graphql.body).toEqual({ data: { whoami: rest.body } });
});
