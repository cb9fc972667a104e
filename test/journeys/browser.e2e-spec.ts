import type { Browser } from 'playwright-core';
import { browserPath, NO_BROWSER, startBrowser, watchedPage } from '../support/browser.js';
import { startTestService, type TestService } from '../support/service.js';

// The pages as a person meets them: a real browser, nothing reachable but the service itself.

const chromium = browserPath();
let browser: Browser;
let service: TestService;

if (chromium === null && process.env['CI'] !== 'true') console.warn(`${NO_BROWSER}. The pages were not tried.`);
/** A machine of a developer may lack a browser; CI may not. */
const described = chromium === null && process.env['CI'] !== 'true' ? describe.skip : describe;

described('in a browser, without any network', () => {
  beforeAll(async () => {
    if (chromium === null) throw new Error(NO_BROWSER);
    service = await startTestService();
    browser = await startBrowser(chromium);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.close();
  });

  test('the playground asks for a key, shows the schema and carries out a query', async () => {
    const { page, faults } = await watchedPage(browser, service.url);
    await page.goto(`${service.url}/playground`);
    await page.fill('#key', service.key);
    const introspected = page.waitForResponse((response) => (response.request().postData() ?? '').includes('__schema'));
    await page.click('#key-form button');
    expect(Object.keys(((await (await introspected).json()) as { data: object }).data)).toEqual(['__schema']);
    await page.waitForSelector('.graphiql-query-editor .monaco-editor');
    const answered = page.waitForResponse(async (response) => response.url().endsWith('/graphql') && (response.request().postData() ?? '').includes('Fleet'));
    await page.click('button.graphiql-execute-button');
    expect(await (await answered).json()).toEqual({ data: { whoami: { name: expect.stringMatching(/^first-admin/), roles: ['admin'] }, hubs: { nodes: [], totalCount: 0 } } });
    await page.locator('.result-window', { hasText: 'first-admin' }).waitFor();
    expect(faults).toEqual([]);

    // The key stays in the tab: a reload does not ask again, another tab does
    await page.reload();
    await page.waitForSelector('.graphiql-query-editor .monaco-editor');
    const other = await watchedPage(browser, service.url);
    await other.page.goto(`${service.url}/playground`);
    await other.page.waitForSelector('#key-form', { state: 'visible' });
    expect([...faults, ...other.faults]).toEqual([]);
  }, 360_000);

  test('the API page shows every operation and carries one out', async () => {
    const { page, faults } = await watchedPage(browser, service.url);
    await page.goto(`${service.url}/docs`);
    await page.waitForSelector('#operations-Failovers-startFailover');
    const { paths } = (await (await fetch(`${service.url}/openapi.json`)).json()) as { paths: Record<string, object> };
    expect(await page.locator('.opblock').count()).toBe(Object.values(paths).flatMap(Object.keys).length);

    await page.click('.btn.authorize');
    await page.fill('.auth-container input', service.key);
    await page.click('.auth-btn-wrapper .authorize');
    await page.click('.auth-btn-wrapper .btn-done');
    await page.click('#operations-Access-whoami .opblock-summary-control');
    const answered = page.waitForResponse((response) => response.url().endsWith('/api/v1/whoami'));
    await page.click('#operations-Access-whoami .btn.execute');
    expect(await (await answered).json()).toMatchObject({ roles: ['admin'] });
    expect(faults).toEqual([]);
  }, 360_000);
});
