import { HeardStatements } from '../../test/support/heard-statements.js';
import { startDatabaseModule, type TestDatabaseModule } from '../../test/support/database-module.js';
import { Sql } from './sql.js';

let database: TestDatabaseModule;
let sql: Sql;
let heard: HeardStatements;

beforeAll(async () => {
  heard = new HeardStatements();
  database = await startDatabaseModule();
  sql = database.app.get(Sql);
});

afterAll(async () => {
  heard.end();
  await database.close();
});

const NUMBERS = `WITH told AS (SELECT n FROM generate_series(1, $1::int) AS n) SELECT n, $2::text AS word, ARRAY[n] && $3::int[] AS named FROM told ORDER BY n DESC LIMIT 3`;

describe('joined', () => {
  test('what is asked by the same statement at once is one statement; each asker gets its own rows, in order', async () => {
    const joined = sql.joined();
    const asked: readonly (readonly [number, string, number[]])[] = [[2, 'a', [1]], [5, 'b', []], [0, 'c', [1, 2]], [2, 'a', [1]]];
    let found: object[][] = [];
    const made = await heard.during(async () => {
      found = await Promise.all(asked.map((values) => joined.query(NUMBERS, values)));
    });
    expect(made).toHaveLength(1);
    expect(found).toEqual([
      [{ n: 2, word: 'a', named: false }, { n: 1, word: 'a', named: true }],
      [{ n: 5, word: 'b', named: false }, { n: 4, word: 'b', named: false }, { n: 3, word: 'b', named: false }],
      [],
      [{ n: 2, word: 'a', named: false }, { n: 1, word: 'a', named: true }],
    ]);
    expect(found).toEqual(await Promise.all(asked.map((values) => sql.query(NUMBERS, values))));
  });

  test('questions that go in step are read together step by step', async () => {
    const joined = sql.joined();
    const question = async (n: number): Promise<number> => {
      const [first] = await joined.query<{ n: number }>('SELECT $1::int + 1 AS n', [n]);
      const [[second], [third]] = await Promise.all([joined.query<{ n: number }>('SELECT $1::int * 2 AS n', [first!.n]), joined.joined().query<{ n: number }>('SELECT $1::int * 3 AS n', [first!.n])]);
      return second!.n + third!.n;
    };
    const made = await heard.during(async () => expect(await Promise.all([1, 2, 3].map(question))).toEqual([10, 15, 20]));
    expect(made).toHaveLength(3);
  });

  test('nothing is kept: what is asked later is read anew', async () => {
    const joined = sql.joined();
    const made = await heard.during(async () => {
      await joined.query('SELECT $1::int AS n', [1]);
      await joined.query('SELECT $1::int AS n', [1]);
    });
    expect(made).toHaveLength(2);
  });
});
