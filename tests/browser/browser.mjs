// One browser, and pages that are watched: what they ask other hosts for, and what they complain about.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Where the server is. */
export const site = process.env.DOCKET_TEST_URL;
export const password = process.env.DOCKET_ADMIN_PASSWORD;

const SHOW_MILLIS = 20_000;

export function launch() {
  return chromium.launch({
    executablePath: process.env.DOCKET_TEST_CHROMIUM ?? '/usr/bin/chromium',
    // The browser's own errands would be requests to other hosts, too.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** The playground in a fresh profile. */
export class Playground {
  /** What went wrong in the page, and what it wanted from elsewhere. */
  faults = [];

  static async open(browser, options = {}) {
    const playground = new Playground();
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    playground.page = page;
    page.setDefaultTimeout(SHOW_MILLIS);
    await page.addInitScript(() => {
      globalThis.model = (name) => globalThis.__MONACO?.editor.getModels().find(({ uri }) => uri.path.includes(name));
    });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) playground.faults.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => playground.faults.push(`thrown: ${error}`));
    page.on('requestfailed', (request) => playground.faults.push(`failed: ${request.url()}`));
    page.on('request', (request) => playground.#require_own(request.url()));
    page.on('websocket', (socket) => playground.#require_own(socket.url().replace(/^ws/, 'http')));
    return playground;
  }

  #require_own(url) {
    const { host, protocol } = new URL(url);
    // What is in the style sheet itself comes from nowhere.
    if (protocol !== 'data:' && host !== new URL(site).host) this.faults.push(`another host: ${url}`);
  }

  async visit(path = '/') {
    await this.page.goto(site + path);
    await this.page.locator('.graphiql-query-editor .view-lines').waitFor();
    await this.page.waitForFunction(() => globalThis.model('operation') && globalThis.model('response'));
  }

  async logIn() {
    await this.page.getByRole('button', { name: 'Log in' }).click();
    await this.page.getByLabel('Name or e-mail address').fill('admin');
    await this.page.getByLabel('Password').fill(password);
    await this.page.locator('.log-in').getByRole('button', { name: 'Log in' }).click();
    await this.page.locator('.identity .name', { hasText: 'admin' }).waitFor();
  }

  /** Goes to the tab of this operation. */
  async tab(title) {
    await this.page.getByRole('tab', { name: title, exact: true }).click();
  }

  /** Runs the operation of the tab, or the one of this name where it has several. */
  async run(name) {
    const button = this.page.locator('.graphiql-execute-button');
    if (!name) return button.click();
    // The page reads a document a moment after it came into the editor; then the button is a menu.
    await button.and(this.page.locator('[aria-haspopup=menu]')).click();
    await this.page.getByRole('menuitem', { name, exact: true }).click();
  }

  /** The text of an editor: `operation`, `variables` or `response`. */
  text(editor) {
    return this.page.evaluate((name) => globalThis.model(name).getValue(), editor);
  }

  async write(editor, text) {
    await this.page.evaluate(([name, value]) => globalThis.model(name).setValue(value), [editor, text]);
  }

  /** The answer, as soon as `holds` says that it is the one. */
  async answer(holds) {
    const end = Date.now() + SHOW_MILLIS;
    let text;
    do {
      text = await this.text('response');
      const value = text ? JSON.parse(text) : undefined;
      if (value && holds(value)) return value;
      await this.page.waitForTimeout(50);
    } while (Date.now() < end);
    assert.fail(`this is not the answer: ${text}`);
  }

  async picture(name) {
    const folder = process.env.DOCKET_TEST_SCREENSHOTS;
    if (folder) await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  /** Ends the visit; whatever was wrong with it fails the test. */
  async close() {
    await this.page.context().close();
    assert.deepEqual(this.faults, []);
  }
}
