// The playground as a person uses it: log in, read, change, follow; and what it sends where.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Playground, launch, password, site } from './browser.mjs';

// The machine may be busy with other things.
const patience = { timeout: 90_000 };

let browser;

before(async () => {
  browser = await launch();
}, patience);

after(() => browser?.close());

/** A visit that is ended, and whose faults are counted, whatever the test finds. */
async function visit(work, options) {
  const playground = await Playground.open(browser, options);
  try {
    await work(playground);
  } catch (error) {
    if (playground.faults.length > 0) error.message += `\nThe page says: ${playground.faults.join('\n')}`;
    await playground.picture('failed');
    throw error;
  }
  await playground.close();
}

test('the page is there, and its policy lets nothing from elsewhere in', patience, async () => {
  const response = await fetch(`${site}/graphiql`);
  assert.equal(response.status, 200);
  const policy = response.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'; script-src 'self';/);
  assert.doesNotMatch(policy, /https?:|\*|unsafe-eval|blob:/);
  assert.doesNotMatch(policy.match(/script-src[^;]*/)[0], /unsafe/);
  const page = await response.text();
  assert.match(page, /<title>docket<\/title>/);
  assert.doesNotMatch(page, /without its playground/, 'this docket was built without npm');
  assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|\son\w+=|style=/, 'something is inline');
});

test('no file of the page names another host to fetch from', patience, async () => {
  const names = await assets();
  assert.ok(names.size > 10, `only ${names.size} files`);
  const fetched = [
    // What a page loads by its attributes, a style sheet by its functions, and a script by what it calls.
    /(?:src|href)\s*=\s*["'](?:https?:)?\/\/[^"']*/gi,
    /(?:url\(|@import)\s*["']?(?:https?:)?\/\/[^"')]*/gi,
    /(?:fetch|import|importScripts|Worker|WebSocket|EventSource|sendBeacon)\(\s*["'`](?:https?:|wss?:)?\/\/[^"'`]*/gi,
    /\bfrom\s*["'](?:https?:)?\/\/[^"']*/gi,
  ];
  const found = [];
  for (const [name, text] of names) {
    for (const pattern of fetched) for (const [match] of text.matchAll(pattern)) found.push(`${name}: ${match}`);
  }
  assert.deepEqual(found, []);
});

/** Every text file that the page can load, found as a browser finds them: by their names in those already found. */
async function assets() {
  const texts = new Map([['', await (await fetch(`${site}/graphiql`)).text()]]);
  for (const [, text] of texts) {
    for (const [, name] of text.matchAll(/([\w.-]+-[\w-]{8}\.(?:js|css|svg))/g)) {
      if (texts.has(name)) continue;
      const response = await fetch(`${site}/graphiql/assets/${name}`);
      // A name in a comment is no file.
      if (response.ok) texts.set(name, await response.text());
    }
  }
  return texts;
}

test('a visitor is led to the playground, reads, and finds the documentation', patience, () =>
  visit(async (playground) => {
    const { page } = playground;
    await playground.visit('/');
    assert.equal(new URL(page.url()).pathname, '/graphiql');
    assert.equal(await page.title(), 'docket');
    await playground.run();
    const { data } = await playground.answer(({ data }) => data);
    assert.equal(data.viewer.user, null);
    await page.getByRole('button', { name: /Documentation Explorer/ }).click();
    await page.locator('.graphiql-doc-explorer').getByText('Query', { exact: true }).first().click();
    await page.locator('.graphiql-doc-explorer').getByText('jobs', { exact: true }).first().waitFor();
    await playground.picture('light');
  }));

test('a log-in and a change take effect, and leave no secret behind', patience, () =>
  visit(async (playground) => {
    const { page } = playground;
    await playground.visit();
    await playground.logIn();
    await playground.run();
    assert.equal((await playground.answer(({ data }) => data?.viewer.user)).data.viewer.user.username, 'admin');
    await playground.tab('Users');
    const document = (await playground.text('operation')).replace('"demo", password: "…"', `"admin", password: "${password}"`);
    await playground.write('operation', document);
    await playground.run('SessionCreate');
    const { token, user } = (await playground.answer(({ data }) => data?.sessionCreate)).data.sessionCreate;
    assert.equal(user.username, 'admin');
    // The tabs and the history are kept, after a moment.
    await page.waitForFunction(() => localStorage.getItem('graphiql:queries')?.includes('SessionCreate'));
    await page.waitForFunction(() => localStorage.getItem('graphiql:tabState')?.includes('sessionCreate'));
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
    assert.ok(!kept.includes(password), 'the password is in the browser’s storage');
    assert.ok(!kept.includes(token), 'a token is in the browser’s storage');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.locator('.identity .name', { hasText: 'anonymous' }).waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  }));

test('a subscription shows events, and goes on where it was after its socket broke', patience, () =>
  visit(async (playground) => {
    const { page } = playground;
    const sockets = [];
    await page.routeWebSocket(/\/graphql$/, (socket) => {
      const heard = [];
      const server = socket.connectToServer();
      sockets.push({ socket, heard });
      socket.onMessage((message) => {
        heard.push(JSON.parse(message));
        server.send(message);
      });
    });
    await playground.visit();
    await playground.logIn();
    await playground.tab('JobEvents');
    await playground.run('JobEvents');
    const first = (await playground.answer(({ data }) => data?.jobEvents)).data.jobEvents;
    assert.match(first.event.__typename, /^Job/);
    await page.locator('.lamp.open').waitFor();
    await playground.picture('live');
    // What the page shows last before the break is what it has to go on after.
    await sockets[0].socket.close({ code: 1012, reason: 'the server starts again' });
    const last = (await playground.answer(({ data }) => data?.jobEvents)).data.jobEvents.cursor;
    const later = await playground.answer(({ data }) => data?.jobEvents && data.jobEvents.cursor !== last);
    assert.notEqual(later.data.jobEvents.cursor, last);
    assert.equal(sockets.length, 2);
    const { payload } = sockets[1].heard.find(({ type }) => type === 'subscribe');
    assert.ok(payload.query.includes(`after: "${last}"`), payload.query);
    await playground.run();
    await page.locator('.lamp').waitFor({ state: 'detached' });
  }));

test('a token that is not valid is said to be so', patience, () =>
  visit(async (playground) => {
    const { page } = playground;
    await playground.visit();
    await page.getByLabel('Token').fill('Bearer nonsense');
    await page.locator('.identity .problem').waitFor();
    // The browser itself notes the status of the answer.
    playground.faults = playground.faults.filter((fault) => !fault.includes('401'));
  }));

test('the page follows a dark system', patience, () =>
  visit(
    async (playground) => {
      await playground.visit();
      await playground.run();
      await playground.answer(({ data }) => data);
      const bar = await playground.page.evaluate(() => getComputedStyle(document.querySelector('.page')).backgroundColor);
      assert.equal(bar, 'rgb(26, 34, 48)');
      await playground.picture('dark');
    },
    { colorScheme: 'dark' },
  ));
