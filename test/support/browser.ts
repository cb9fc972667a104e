import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'];

/** Where a browser is, if there is one: `CHROMIUM_PATH`, or where Debian and others put it. */
export function browserPath(): string | null {
  const wanted = process.env['CHROMIUM_PATH'];
  return wanted ? wanted : (PLACES.find((path) => existsSync(path)) ?? null);
}

export const NO_BROWSER = 'No browser: install the Debian package chromium, or set CHROMIUM_PATH';

export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** What a page did that it must not do. */
export interface Watched {
  readonly page: Page;
  /** Requests that left for somewhere else, console errors, uncaught exceptions */
  readonly faults: string[];
}

/** Opens a page that reaches our own origin only, and notes whatever it wants beyond that. */
export async function watchedPage(browser: Browser, origin: string): Promise<Watched> {
  const page = await browser.newPage();
  const faults: string[] = [];
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (url.startsWith(`${origin}/`) || url.startsWith('data:') || url.startsWith('blob:')) return route.continue();
    faults.push(`request to ${url}`);
    return route.abort();
  });
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  return { page, faults };
}
