import { Writable } from 'node:stream';
import { pinoHttp } from 'pino-http';
import { logSettings } from './logging.module.js';

function logged(tell: (logger: ReturnType<typeof pinoHttp>['logger']) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  const stream = new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(chunk.toString()), done()) });
  tell(pinoHttp({ ...logSettings('info'), stream }).logger);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('what went wrong is told, by the service and while it answers a request', () => {
  const error = Object.assign(new Error('It broke'), { body: 'secret-body', cause: new Error('the disk is full') });
  const lines = logged((logger) => {
    logger.warn({ hub: 'east', err: error }, 'A thing was not done');
    logger.child({ requestId: 'r1' }).warn({ error }, 'A thing was not done');
  });
  expect(lines).toMatchObject([
    { level: 'warn', service: 'lifeboat', hub: 'east', msg: 'A thing was not done', err: { type: 'Error', message: 'It broke', cause: { message: 'the disk is full' } } },
    { requestId: 'r1', error: { message: 'It broke' } },
  ]);
  expect(JSON.stringify(lines)).not.toContain('secret-body');
});

test('what Nest tells of itself on each start is left out', () => {
  expect(logged((logger) => logger.info({ context: 'RouterExplorer' }, 'Mapped'))).toEqual([]);
  expect(logged((logger) => logger.warn({ context: 'RouterExplorer' }, 'Not mapped'))).toHaveLength(1);
});
