// A server that goes away and comes back on the same address and database: clients that connect again by themselves,
// and say which event they saw last, see every event once and in order.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { EventSource } from 'eventsource';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { SubscriptionClient } from 'subscriptions-transport-ws';
import WebSocket from 'ws';
import { EVENTS, Workshop, socketOf } from './docket.mjs';
import { Server } from './server.mjs';

// An event source waits 3 s before it connects again.
const patience = { timeout: 60_000 };
// Far less than the server's deadline for what does not end: streams must not hold it up.
const STOP_MILLIS = 5_000;
const RETRY_MILLIS = 50;

let server;
let workshop;
const clients = [];

before(async () => {
  server = await Server.start(process.env.DOCKET_BIN);
  workshop = await Workshop.open(server.url, server.password);
}, patience);

after(() => {
  for (const client of clients) client.dispose();
  server?.child.kill('SIGKILL');
});

/**
 * One follower of the workshop's events. Its `variables` are what it sends, and sends again after each loss of the
 * connection: so `after` moves with what was delivered.
 */
class Follower {
  constructor(name, cursor, connect) {
    this.name = name;
    this.cursors = [];
    this.variables = workshop.events(cursor);
    this.failed = new Promise((_, fail) => (this.fail = fail));
    // Whoever waits for it sees it; nobody might be waiting just then.
    this.failed.catch(() => {});
    clients.push({ dispose: connect(this) });
  }

  take({ data, errors }) {
    if (errors) return this.fail(new Error(`${this.name}: ${JSON.stringify(errors)}`));
    const { cursor } = data.jobEvents;
    this.cursors.push(cursor);
    this.variables.after = cursor;
    this.arrived?.();
  }

  /** Resolves when it was given the event at this cursor. */
  async reaches(cursor) {
    while (!this.cursors.includes(cursor)) {
      await Promise.race([this.failed, new Promise((arrived) => (this.arrived = arrived))]);
    }
  }

  get sink() {
    return {
      next: (result) => this.take(result),
      error: (error) => this.fail(new Error(`${this.name}: ${error.message ?? JSON.stringify(error)}`)),
      complete: () => this.fail(new Error(`${this.name}: the subscription completed`)),
    };
  }
}

/** `graphql-ws`. A refused connection counts as fatal unless `shouldRetry` says otherwise. */
function overSocket(follower) {
  const client = createSocketClient({
    url: socketOf(server.url),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${workshop.token}` },
    retryAttempts: 1000,
    retryWait: () => pause(RETRY_MILLIS),
    shouldRetry: () => true,
  });
  client.subscribe({ query: EVENTS, variables: follower.variables }, follower.sink);
  return () => client.dispose();
}

/** `subscriptions-transport-ws`, the older protocol. */
function overOldSocket(follower) {
  const connectionParams = { Authorization: `Bearer ${workshop.token}` };
  const client = new SubscriptionClient(socketOf(server.url), { connectionParams, reconnect: true }, WebSocket);
  client.request({ query: EVENTS, variables: follower.variables }).subscribe(follower.sink);
  return () => client.close();
}

/** `graphql-sse`. */
function overEventStream(follower) {
  const client = createSseClient({
    url: server.url,
    headers: { authorization: `Bearer ${workshop.token}` },
    retryAttempts: 1000,
    retry: () => pause(RETRY_MILLIS),
  });
  client.subscribe({ query: EVENTS, variables: follower.variables }, follower.sink);
  return () => client.dispose();
}

/** An event source, as browsers have it: it asks for the same address each time, and sends `Last-Event-ID`. */
function overEventSource(follower) {
  const query = new URLSearchParams({ query: EVENTS, variables: JSON.stringify(follower.variables) });
  const authorized = (address, init) =>
    fetch(address, { ...init, headers: { ...init.headers, authorization: `Bearer ${workshop.token}` } });
  const source = new EventSource(`${server.url}?${query}`, { fetch: authorized });
  source.addEventListener('next', ({ data, lastEventId }) => {
    const result = JSON.parse(data);
    assert.equal(lastEventId, result.data?.jobEvents.cursor);
    follower.take(result);
  });
  source.addEventListener('complete', () => follower.sink.complete());
  source.addEventListener('error', ({ code, message }) => {
    if (source.readyState === EventSource.CLOSED) follower.sink.error({ message: `${code}: ${message}` });
  });
  return () => source.close();
}

test('clients that connect again after a stop and after a crash miss nothing and get nothing twice', patience, async () => {
  const start = await workshop.latest();
  const followers = [
    new Follower('graphql-ws', start, overSocket),
    new Follower('subscriptions-transport-ws', start, overOldSocket),
    new Follower('graphql-sse', start, overEventStream),
    new Follower('EventSource', start, overEventSource),
  ];
  const allReach = (cursor) => Promise.all(followers.map((follower) => follower.reaches(cursor)));
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    await workshop.submit();
    await workshop.finishNext();
    await workshop.submit();
    const lease = await workshop.claimNext();
    await allReach(await workshop.latest());

    const stopping = Date.now();
    const ended = await server.stop(signal);
    assert.equal(ended, signal === 'SIGTERM' ? 0 : signal);
    assert.ok(Date.now() - stopping < STOP_MILLIS, `it took ${Date.now() - stopping} ms to stop`);
    await server.startAgain();

    // Some of this happens while the clients are away; the lease from before is as good as it was.
    await workshop.finish(lease);
    await workshop.submit();
    await allReach(await workshop.latest());
    await workshop.finishNext();
    await allReach(await workshop.latest());
  }
  const log = await workshop.log(start);
  for (const { name, cursors } of followers) assert.deepEqual(cursors, log, name);
});
