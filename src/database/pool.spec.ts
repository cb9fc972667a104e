import fc from 'fast-check';
import pg from 'pg';
import { instantFrom } from './pool.js';

const byPg = pg.types.getTypeParser(1184, 'text') as (text: string) => Date | number;
const two = (max: number, min = 0) => fc.integer({ min, max }).map((value) => String(value).padStart(2, '0'));

test('instants are what pg reads them as', () => {
  const texts = fc.tuple(fc.integer({ min: 1, max: 12_000 }), two(12, 1), two(28, 1), two(23), two(59), two(59), fc.constantFrom('', '.1', '.123', '.120', '.001', '.29', '.123456', '.999999'), fc.constantFrom('+00', '+00', '+02', '-03:30', '+00 BC'))
    .map(([year, month, day, hour, minute, second, part, zone]) => `${String(year).padStart(4, '0')}-${month}-${day} ${hour}:${minute}:${second}${part}${zone}`);
  fc.assert(fc.property(texts, (text) => expect(instantFrom(text)).toEqual(byPg(text))), { numRuns: 2_000 });
  for (const text of ['infinity', '-infinity', '0099-01-01 00:00:00+00']) expect(instantFrom(text)).toEqual(byPg(text));
});
