// Server-sent events: the `graphql-sse` client in distinct connections mode, and `Last-Event-ID` as a browser or a shell
// script sends it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient } from 'graphql-sse';
import { EVENTS, SUBMIT, WHO, Workshop, any, assertWholeLife, gather, patience, succeeded, url } from './docket.mjs';

let workshop;
const clients = [];
const streams = new AbortController();

before(async () => {
  workshop = await Workshop.open();
}, patience);

after(() => {
  streams.abort();
  for (const client of clients) client.dispose();
});

/** A client that gives up at the first failure: a retry would hide it. */
function connect(token = workshop.token) {
  const client = createClient({ url, headers: { authorization: `Bearer ${token}` }, retryAttempts: 0 });
  clients.push(client);
  return client;
}

function follow(cursor, client = connect()) {
  return client.iterate({ query: EVENTS, variables: workshop.events(cursor) });
}

test('a query as a stream is answered once, and completes', patience, async () => {
  const results = [];
  for await (const result of connect().iterate({ query: WHO })) results.push(result);
  assert.equal(results.length, 1);
  assert.equal(results[0].data.viewer.user.username, 'admin');
});

test('a mutation as a stream is answered once, and completes', patience, async () => {
  const results = [];
  for await (const result of connect().iterate({ query: SUBMIT, variables: workshop.newJob })) results.push(result);
  assert.equal(results.length, 1);
  assert.equal(await workshop.finishNext(), results[0].data.jobSubmit.job.id);
});

test('a mutation by GET is refused, and changes nothing', patience, async () => {
  const before = await workshop.latest();
  const response = await get(SUBMIT, workshop.newJob);
  assert.equal(response.status, 405);
  assert.match(response.headers.get('allow'), /POST/);
  await response.body.cancel();
  assert.equal(await workshop.latest(), before);
});

test('a document that does not validate is answered with errors in the stream', patience, async () => {
  const results = [];
  for await (const result of connect().iterate({ query: 'subscription { noSuchField }' })) results.push(result);
  assert.equal(results.length, 1);
  assert.equal(results[0].errors[0].extensions.code, 'BAD_REQUEST');
  assert.ok(!('data' in results[0]));
});

test('who takes everything gets streams of subscriptions and JSON of all else', patience, async () => {
  // As some clients send it with every request.
  const accept = 'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed';
  const query = await get(WHO, {}, { accept });
  assert.equal((await query.json()).data.viewer.user.username, 'admin');
  const start = await workshop.latest();
  await workshop.submit();
  const id = await workshop.finishNext();
  const stream = await readEvents(await get(EVENTS, workshop.events(start), { accept }), succeeded);
  assertWholeLife(stream.map(({ delivery }) => delivery), id);
});

test('a subscriber sees the whole life of a job in order', patience, async () => {
  const stream = follow(await workshop.latest());
  const id = await workshop.submit();
  const deliveries = await gather(stream, any);
  await workshop.finishNext();
  deliveries.push(...(await gather(stream, succeeded)));
  assertWholeLife(deliveries, id);
  assert.equal(deliveries.at(-1).live, true);
});

test('a subscriber that was cut off resumes at its cursor and misses nothing', patience, async () => {
  const client = connect();
  const stream = follow(await workshop.latest(), client);
  const id = await workshop.submit();
  const seen = await gather(stream, any);
  client.dispose();
  await workshop.finishNext();
  const rest = await gather(follow(seen.at(-1).cursor), succeeded);
  assertWholeLife([...seen, ...rest], id);
  assert.equal(rest[0].live, false);
});

test('a single-job subscription gives the state at once and completes after the last one', patience, async () => {
  const id = await workshop.submit();
  const query = 'subscription ($id: ID!) { job(id: $id) { id status } }';
  const states = [];
  for await (const { data, errors } of connect().iterate({ query, variables: { id } })) {
    assert.equal(errors, undefined, JSON.stringify(errors));
    states.push(data.job.status);
    if (states.length === 1) await workshop.finishNext();
  }
  assert.equal(states[0], 'QUEUED');
  assert.equal(states.at(-1), 'SUCCEEDED');
});

for (const method of ['POST', 'GET']) {
  test(`${method}: Last-Event-ID resumes, and replaces the argument`, patience, async () => {
    const start = await workshop.latest();
    const id = await workshop.submit();
    await workshop.finishNext();
    const whole = await readEvents(await open(method, start), succeeded);
    assertWholeLife(whole.map(({ delivery }) => delivery), id);
    for (const { id: eventId, delivery } of whole) assert.equal(eventId, delivery.cursor);
    // The argument still says where the stream began, as it does when a browser reconnects by itself.
    const rest = await readEvents(await open(method, start, whole[1].id), succeeded);
    assert.deepEqual(rest.map((event) => event.id), whole.slice(2).map((event) => event.id));
  });
}

test('a wrong token is refused with 401 before any stream', patience, async () => {
  const response = await open('POST', undefined, undefined, `${workshop.token.slice(0, -4)}AAAA`);
  assert.equal(response.status, 401);
  const body = await response.text();
  assert.match(body, /UNAUTHENTICATED/);
  assert.ok(!body.includes(workshop.token), 'the answer repeats a token');
});

/** Opens `EVENTS` as a plain event stream. */
function open(method, cursor, lastEventId = undefined, token = workshop.token) {
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` };
  if (lastEventId) headers['last-event-id'] = lastEventId;
  const variables = workshop.events(cursor);
  if (method === 'GET') return get(EVENTS, variables, headers);
  headers['content-type'] = 'application/json';
  const { signal } = streams;
  return fetch(url, { method, headers, signal, body: JSON.stringify({ query: EVENTS, variables }) });
}

function get(document, variables, headers = { accept: 'text/event-stream' }) {
  const query = new URLSearchParams({ query: document, variables: JSON.stringify(variables) });
  const { signal } = streams;
  return fetch(`${url}?${query}`, { headers: { authorization: `Bearer ${workshop.token}`, ...headers }, signal });
}

/** Reads `next` events with their ids until `enough`. */
async function readEvents(response, enough) {
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  const found = [];
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const event = field(block, 'event');
      if (!event) continue;
      assert.equal(event, 'next');
      const { data, errors } = JSON.parse(field(block, 'data'));
      assert.equal(errors, undefined, JSON.stringify(errors));
      found.push({ id: field(block, 'id'), delivery: data.jobEvents });
      if (enough(data.jobEvents)) return found;
    }
  }
  assert.fail(`the stream ended after ${found.length} events`);
}

/** The value of a field of one event; `undefined` in a comment, which keeps the connection alive. */
function field(block, name) {
  return block.split('\n').find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1).trim();
}
