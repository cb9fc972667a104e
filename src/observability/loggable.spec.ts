import { DomainError } from '../common/domain-error.js';
import { Secret } from '../common/secret.js';
import { loggableError, loggableFields } from './loggable.js';

class TestError extends DomainError {
  readonly code = 'TEST';
  readonly kind = 'invalid';
  readonly title = 'A test';
}

test.each([
  { because: 'facts are what logs are for', fields: { hub: 'east', n: 3, ok: true, nothing: null }, kept: { hub: 'east', n: 3, ok: true, nothing: null } },
  { because: 'an instant is a fact', fields: { at: new Date(0) }, kept: { at: '1970-01-01T00:00:00.000Z' } },
  { because: 'JSON knows no bigint', fields: { epoch: 7n }, kept: { epoch: '7' } },
  { because: 'an object may hold anything', fields: { body: { token: 'x' }, headers: { authorization: 'Bearer x' } }, kept: {} },
  { because: 'a Secret is an object too', fields: { url: new Secret('postgres://u:p@h/d') }, kept: {} },
  { because: 'a name that speaks of a secret says enough', fields: { token: 'x', apiKey: 'x', kubeconfig: 'x', dbPassword: 'x', Authorization: 'x' }, kept: {} },
  { because: 'lists of facts are facts, and nothing deeper', fields: { names: ['a', { b: 1 }, 2] }, kept: { names: ['a', 2] } },
])('fields: $because', ({ fields, kept }) => {
  expect(loggableFields(fields)).toEqual(kept);
});

test('an error is logged with code, details and causes, without what libraries put on it', () => {
  const inner = Object.assign(new Error('401 from the hub'), { body: 'secret-body', headers: { authorization: 'Bearer x' } });
  const logged = loggableError(new TestError('It broke', { hubId: 'h' }, { cause: inner }));
  expect(logged).toMatchObject({ type: 'TestError', message: 'It broke', code: 'TEST', details: { hubId: 'h' }, cause: { message: '401 from the hub' } });
  expect(JSON.stringify(logged)).not.toMatch(/secret-body|Bearer/);
});

test('what JSON.parse could not read is not quoted', () => {
  let thrown: unknown;
  try {
    JSON.parse('lfb_secret-value');
  } catch (error) {
    thrown = error;
  }
  expect(JSON.stringify(loggableError(thrown))).not.toContain('lfb_');
});

test('causes that lead in a circle end', () => {
  const error = new Error('round');
  error.cause = error;
  expect(JSON.stringify(loggableError(error)).length).toBeLessThan(20_000);
});
