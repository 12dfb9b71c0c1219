// Websockets, with the clients that people use: `graphql-ws` for today's protocol, `subscriptions-transport-ws` for the
// one before it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient } from 'graphql-ws';
import { SubscriptionClient } from 'subscriptions-transport-ws';
import WebSocket from 'ws';
import { EVENTS, SUBMIT, WHO, Workshop, any, assertWholeLife, gather, patience, socketUrl, succeeded } from './docket.mjs';

// Operations that one socket may have.
const STREAMS = 100;

let workshop;
const clients = [];

before(async () => {
  workshop = await Workshop.open();
}, patience);

after(() => Promise.all(clients.map((client) => client.dispose())));

/** A client that gives up at the first failure: a retry would hide it. */
function connect(token = workshop.token, more = {}) {
  const connectionParams = { Authorization: `Bearer ${token}` };
  const client = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0, ...more });
  clients.push(client);
  return client;
}

/** One subscription to the workshop's events, from `cursor` on. */
function follow(cursor, client = connect()) {
  return client.iterate({ query: EVENTS, variables: workshop.events(cursor) });
}

test('a query over the socket is answered once, and completes', patience, async () => {
  const results = [];
  for await (const result of connect().iterate({ query: WHO })) results.push(result);
  assert.equal(results.length, 1);
  assert.equal(results[0].data.viewer.user.username, 'admin');
});

test('a mutation over the socket is answered once, and completes', patience, async () => {
  const results = [];
  for await (const result of connect().iterate({ query: SUBMIT, variables: workshop.newJob })) results.push(result);
  assert.equal(results.length, 1);
  const id = results[0].data.jobSubmit.job.id;
  assert.equal(await workshop.finishNext(), id);
});

test('a socket carries many subscriptions at once, and refuses one too many alone', patience, async () => {
  const client = connect();
  const start = await workshop.latest();
  const streams = Array.from({ length: STREAMS }, () => follow(start, client));
  const id = await workshop.submit();
  const seen = await Promise.all(streams.map((stream) => gather(stream, any)));
  await assert.rejects(client.iterate({ query: WHO }).next(), ([error]) => {
    assert.equal(error.extensions.code, 'RATE_LIMITED');
    return true;
  });
  // One ends, so there is room for a query beside the others.
  await streams.pop().return();
  const { value } = await client.iterate({ query: WHO }).next();
  assert.equal(value.data.viewer.user.username, 'admin');
  await workshop.finishNext();
  const rests = await Promise.all(streams.map((stream) => gather(stream, succeeded)));
  rests.forEach((rest, index) => assertWholeLife([...seen[index], ...rest], id));
});

test('a subscription that the client completed says nothing more', patience, async () => {
  const messages = [];
  let ids = 0;
  const client = connect(workshop.token, {
    generateID: () => String((ids += 1)),
    on: { message: (message) => messages.push(message) },
  });
  const stream = follow(await workshop.latest(), client);
  const other = follow(await workshop.latest(), client);
  await workshop.submit();
  await Promise.all([gather(stream, any), gather(other, any)]);
  await stream.return();
  // The server has read the completion when it answers what was sent after it.
  await client.iterate({ query: WHO }).next();
  const heard = messages.length;
  await workshop.finishNext();
  await gather(other, succeeded);
  assert.ok(messages.slice(0, heard).some(({ id }) => id === '1'));
  assert.ok(messages.slice(heard).every(({ id }) => id !== '1'), 'a message after the completion');
});

test('pings of the client are answered', patience, async () => {
  const ponged = new Promise((resolve) => {
    const on = { pong: (received) => received && resolve() };
    const client = createClient({ url: socketUrl, webSocketImpl: WebSocket, lazy: false, keepAlive: 10, on });
    clients.push(client);
  });
  await ponged;
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
  // No goodbye: the socket is gone, as after a network failure.
  client.terminate();
  await assert.rejects(stream.next());
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

test('a document that does not validate is answered with errors, and the socket lives on', patience, async () => {
  const client = connect();
  await assert.rejects(client.iterate({ query: 'subscription { noSuchField }' }).next(), (errors) => {
    assert.equal(errors[0].extensions.code, 'BAD_REQUEST');
    return true;
  });
  const { value } = await client.iterate({ query: WHO }).next();
  assert.equal(value.data.viewer.user.username, 'admin');
});

test('a wrong token closes the socket with 4403', patience, async () => {
  const wrong = workshop.token.slice(0, -4) + 'AAAA';
  await assert.rejects(connect(wrong).iterate({ query: WHO }).next(), (event) => {
    assert.equal(event.code, 4403);
    return true;
  });
});

test('a second connection_init closes the socket with 4429', patience, async () => {
  const socket = new WebSocket(socketUrl, 'graphql-transport-ws');
  const code = await new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.send(JSON.stringify({ type: 'connection_init' }));
      socket.send(JSON.stringify({ type: 'connection_init' }));
    });
    socket.on('close', resolve);
    socket.on('error', reject);
  });
  assert.equal(code, 4429);
});

test('the older protocol follows a job too', patience, async () => {
  const connectionParams = { Authorization: `Bearer ${workshop.token}` };
  const client = new SubscriptionClient(socketUrl, { connectionParams, reconnect: false }, WebSocket);
  try {
    const query = { query: EVENTS, variables: workshop.events(await workshop.latest()) };
    const deliveries = [];
    const done = new Promise((resolve, reject) => {
      client.request(query).subscribe({
        next: ({ data, errors }) => {
          if (errors) return reject(new Error(JSON.stringify(errors)));
          deliveries.push(data.jobEvents);
          if (succeeded(data.jobEvents)) resolve();
        },
        error: reject,
        complete: () => reject(new Error('the stream ended')),
      });
      client.onDisconnected(() => reject(new Error('the socket was closed')));
    });
    // The worker's claim waits for the job.
    const [id] = await Promise.all([workshop.submit(), workshop.finishNext(), done]);
    assert.equal(client.client.protocol, 'graphql-ws');
    assertWholeLife(deliveries, id);
  } finally {
    client.close();
  }
});

test('the older protocol refuses a wrong token', patience, async () => {
  const connectionParams = { Authorization: `Bearer ${workshop.token.slice(0, -4)}AAAA` };
  let client;
  const answer = await new Promise((resolve) => {
    const options = { connectionParams, connectionCallback: resolve, reconnect: false };
    client = new SubscriptionClient(socketUrl, options, WebSocket);
  });
  client.close();
  assert.ok(answer?.message, 'the connection was accepted');
});
