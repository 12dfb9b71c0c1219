// What the checks share: where the server is, and one service with one worker to make events with.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { url: { type: 'string' } } });

/** The GraphQL endpoint: `--url`, or `DOCKET_TEST_URL`. */
export const url = values.url ?? process.env.DOCKET_TEST_URL ?? 'http://127.0.0.1:8080/graphql';
export const socketUrl = url.replace(/^http/, 'ws');

/** No check waits longer than this for anything: a server that stays silent fails it. */
export const patience = { timeout: 20_000 };

/** Runs one operation over plain HTTP and returns its data; errors of any kind fail the check. */
export async function run(query, variables = {}, token = undefined) {
  const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const body = await response.json();
  assert.equal(body.errors, undefined, JSON.stringify(body.errors));
  assert.equal(response.status, 200);
  return body.data;
}

/** Logs in as the first admin, whose password is in `DOCKET_ADMIN_PASSWORD`. */
export async function logIn() {
  const password = process.env.DOCKET_ADMIN_PASSWORD;
  assert.ok(password, 'DOCKET_ADMIN_PASSWORD is not set');
  const data = await run(
    `mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token session { id } } }`,
    { input: { login: 'admin', password } },
  );
  return data.sessionCreate.token;
}

export const EVENTS = `subscription ($filter: JobEventFilter, $after: Cursor) {
  jobEvents(filter: $filter, after: $after) {
    cursor
    live
    event {
      __typename
      ... on JobStatusChanged { jobId revision to }
      ... on JobProgressed { jobId revision progress }
    }
  }
}`;

/** A new service with a worker of its own, so that checks do not see each other's jobs. */
export class Workshop {
  static async open() {
    const workshop = new Workshop();
    const name = `conformance-${randomUUID()}`;
    workshop.token = await logIn();
    const service = await workshop.run(
      `mutation ($input: ServiceCreateInput!) { serviceCreate(input: $input) { service { id name } } }`,
      { input: { name, title: 'Conformance', parametersSchema: { type: 'object' }, resultsSchema: { type: 'object' } } },
    );
    workshop.serviceId = service.serviceCreate.service.id;
    const runner = await workshop.run(
      `mutation ($input: RunnerCreateInput!) { runnerCreate(input: $input) { runner { id } token } }`,
      { input: { name, serviceIds: [workshop.serviceId] } },
    );
    workshop.runnerToken = runner.runnerCreate.token;
    // One job is done before anything else, so that there is a cursor to start from.
    await workshop.submit();
    await workshop.finishNext();
    return workshop;
  }

  run(query, variables) {
    return run(query, variables, this.token);
  }

  work(query, input) {
    return run(query, { input }, this.runnerToken);
  }

  /** The variables of `EVENTS` for this service's jobs, from the cursor `after` on. */
  events(after) {
    return { filter: { serviceId: { eq: this.serviceId } }, after };
  }

  /**
   * The cursor of the latest event. A subscriber that starts here cannot miss what happens while it is connecting.
   * The query and the subscription share their cursors.
   */
  async latest() {
    const data = await this.run(
      `query ($filter: JobEventFilter) {
        jobEvents(filter: $filter, first: 100) { pageInfo { hasNextPage endCursor } }
      }`,
      { filter: { serviceId: { eq: this.serviceId } } },
    );
    const { hasNextPage, endCursor } = data.jobEvents.pageInfo;
    assert.equal(hasNextPage, false, 'the checks make fewer events than one page holds');
    return endCursor;
  }

  /** Submits a job and returns its id. */
  async submit() {
    const data = await this.run(
      `mutation ($input: JobSubmitInput!) { jobSubmit(input: $input) { job { id status } } }`,
      { input: { serviceId: this.serviceId, parameters: { greeting: 'hello' } } },
    );
    assert.equal(data.jobSubmit.job.status, 'QUEUED');
    return data.jobSubmit.job.id;
  }

  /** Takes the next job, reports progress on it and finishes it. */
  async finishNext() {
    const claim = await this.work(
      `mutation ($input: WorkClaimInput!) { workClaim(input: $input) { leases { token expiresAt attempt job { id } } } }`,
      { serviceIds: [this.serviceId], max: 1, waitSeconds: 5 },
    );
    const [lease] = claim.workClaim.leases;
    assert.ok(lease, 'no job to claim');
    await this.work(`mutation ($input: WorkHeartbeatInput!) { workHeartbeat(input: $input) { __typename } }`, {
      leaseToken: lease.token,
      progress: 0.5,
      message: 'half way',
    });
    await this.work(`mutation ($input: WorkCompleteInput!) { workComplete(input: $input) { __typename } }`, {
      leaseToken: lease.token,
      results: { answer: 42 },
    });
    return lease.job.id;
  }
}

/**
 * Gathers deliveries of `EVENTS` until `enough` says so; `results` is an async iterator of execution results, which
 * stays open.
 */
export async function gather(results, enough) {
  const deliveries = [];
  for (;;) {
    const { done, value } = await results.next();
    assert.ok(!done, `the stream ended after ${deliveries.length} events`);
    assert.equal(value.errors, undefined, JSON.stringify(value.errors));
    deliveries.push(value.data.jobEvents);
    if (enough(value.data.jobEvents)) return deliveries;
  }
}

export const succeeded = ({ event }) => event.to === 'SUCCEEDED';
export const any = () => true;

/** The events are one job's whole life: every state in order, and no revision missing or doubled. */
export function assertWholeLife(deliveries, jobId) {
  const events = deliveries.map(({ event }) => event);
  const states = events.filter((event) => event.__typename === 'JobStatusChanged').map((event) => event.to);
  assert.deepEqual(states, ['QUEUED', 'CLAIMED', 'RUNNING', 'SUCCEEDED']);
  assert.ok(events.every((event) => event.jobId === jobId), 'an event of another job');
  const first = events[0].revision;
  assert.deepEqual(events.map((event) => event.revision), events.map((_, index) => first + index));
  assert.equal(new Set(deliveries.map(({ cursor }) => cursor)).size, deliveries.length, 'a cursor twice');
}
