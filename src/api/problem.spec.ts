import { DomainError, type ErrorDetails, type ErrorKind } from '../common/domain-error.js';
import { Secret } from '../common/secret.js';
import { ValidationFailedError } from './api.errors.js';
import { asDomainError } from './as-domain-error.js';
import { safeDetails, toExtensions, toProblem } from './problem.js';

class TestError extends DomainError {
  readonly code = 'TEST';
  readonly title = 'A test';
  override readonly remedy = 'Look';
  constructor(readonly kind: ErrorKind, details: ErrorDetails = {}) {
    super('It broke', details, { cause: new Error('inner secret') });
  }
}

test.each<{ kind: ErrorKind; status: number }>([
  { kind: 'invalid', status: 422 },
  { kind: 'unreadable', status: 400 },
  { kind: 'unauthenticated', status: 401 },
  { kind: 'forbidden', status: 403 },
  { kind: 'not-found', status: 404 },
  { kind: 'gone', status: 410 },
  { kind: 'conflict', status: 409 },
  { kind: 'precondition-failed', status: 412 },
  { kind: 'precondition-required', status: 428 },
  { kind: 'too-many', status: 429 },
  { kind: 'unavailable', status: 503 },
  { kind: 'internal', status: 500 },
])('$kind is $status', ({ kind, status }) => {
  expect(toProblem(new TestError(kind, { hubId: 'h' }), '/p', 'r')).toEqual({
    type: 'urn:lifeboat:problem:TEST', title: 'A test', status, detail: 'It broke', instance: '/p', code: 'TEST', docsUrl: '/problems/TEST', requestId: 'r', remedy: 'Look', hubId: 'h',
  });
  expect(toExtensions(new TestError(kind, { hubId: 'h' }))).toEqual({ code: 'TEST', docsUrl: '/problems/TEST', kind, remedy: 'Look', hubId: 'h' });
});

test.each([
  { because: 'facts', details: { a: 'x', b: 1, c: true, d: null, e: ['x'] }, shown: { a: 'x', b: 1, c: true, d: null, e: ['x'] } },
  { because: 'no detail takes the place of a member of the problem', details: { code: 'FORGED', status: 200, stack: 'at', errors: ['x'] }, shown: {} },
  { because: 'objects may hold anything', details: { a: { token: 'x' }, b: new Secret('x'), c: () => 'x', d: new Error('x') }, shown: {} },
  { because: 'only texts of a list', details: { a: ['x', { token: 'x' }] }, shown: { a: ['x'] } },
  { because: 'no book', details: { a: 'x'.repeat(1000) }, shown: { a: 'x'.repeat(500) } },
])('details: $because', ({ details, shown }) => {
  expect(safeDetails(details as unknown as ErrorDetails)).toEqual(shown);
});

test.each([
  { because: 'an error of a library', thrown: new Error('password=hunter2') },
  { because: 'what is no error', thrown: 'password=hunter2' },
  { because: 'nothing', thrown: undefined },
])('what nobody foresaw says nothing: $because', ({ thrown }) => {
  const error = asDomainError(thrown);
  expect(error.cause).toBe(thrown);
  const problem = JSON.stringify(toProblem(error, '/p', 'r'));
  expect(problem).toContain('"code":"INTERNAL"');
  expect(problem).not.toContain('hunter2');
});

test('every fault of the input is told', () => {
  const issues = [{ pointer: '/a', code: 'REQUIRED', detail: 'Required' }, { pointer: '', code: 'WRONG_TYPE', detail: 'No object' }];
  const error = new ValidationFailedError(issues);
  expect(error.message).toBe('/a: Required; the input: No object');
  expect(toProblem(error, '/p', 'r').errors).toEqual(issues);
  expect(toExtensions(error)['errors']).toEqual(issues);
});
