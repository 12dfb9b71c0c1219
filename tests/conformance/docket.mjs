// What the checks share: where the server is, and one service with one worker to make events with.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

/** The GraphQL endpoint. */
export const url = process.env.DOCKET_TEST_URL ?? 'http://127.0.0.1:8080/graphql';
export const socketUrl = socketOf(url);

export function socketOf(address) {
  return address.replace(/^http/, 'ws');
}

/** No check waits longer than this for anything: a server that stays silent fails it. */
export const patience = { timeout: 20_000 };

/** Runs one operation over plain HTTP and returns its data; errors of any kind fail the check. */
export async function run(query, variables = {}, token = undefined, at = url) {
  const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(at, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const body = await response.json();
  assert.equal(body.errors, undefined, JSON.stringify(body.errors));
  assert.equal(response.status, 200);
  return body.data;
}

export const WHO = '{ viewer { user { username } } }';

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

export const SUBMIT = 'mutation ($input: JobSubmitInput!) { jobSubmit(input: $input) { job { id status } } }';

/** A new service with a worker of its own, so that checks do not see each other's jobs. */
export class Workshop {
  /** At the server `at`, whose first admin has this password. */
  static async open(at = url, password = process.env.DOCKET_ADMIN_PASSWORD) {
    assert.ok(password, 'DOCKET_ADMIN_PASSWORD is not set');
    const workshop = new Workshop();
    workshop.at = at;
    const name = `conformance-${randomUUID()}`;
    const session = await workshop.run(
      `mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token session { id } } }`,
      { input: { login: 'admin', password } },
    );
    workshop.token = session.sessionCreate.token;
    const service = await workshop.run(
      `mutation ($input: ServiceCreateInput!) { serviceCreate(input: $input) { service { id name } } }`,
      { input: { name, title: 'Conformance', parametersSchema: { type: 'object' }, resultsSchema: { type: 'object' } } },
    );
    workshop.serviceId = service.serviceCreate.service.id;
    const runner = await workshop.run(
      `mutation ($input: RunnerCreateInput!) { runnerCreate(input: $input) { runner { id } token } }`,
      { input: { name, serviceIds: [workshop.serviceId] } },
    );
    workshop.runnerId = runner.runnerCreate.runner.id;
    workshop.runnerToken = runner.runnerCreate.token;
    // One job is done before anything else, so that there is a cursor to start from.
    await workshop.submit();
    await workshop.finishNext();
    return workshop;
  }

  run(query, variables) {
    return run(query, variables, this.token, this.at);
  }

  work(query, input) {
    return run(query, { input }, this.runnerToken, this.at);
  }

  /** The variables of `EVENTS` for this service's jobs, from the cursor `after` on. */
  events(after) {
    return { filter: { serviceId: { eq: this.serviceId } }, after };
  }

  /** Cursors of all events after the cursor `after`, as the query gives them; the subscription's are the same. */
  async log(after = null) {
    const data = await this.run(
      `query ($filter: JobEventFilter, $after: Cursor) {
        jobEvents(filter: $filter, first: 100, after: $after) { edges { cursor } pageInfo { hasNextPage } }
      }`,
      this.events(after),
    );
    const { edges, pageInfo } = data.jobEvents;
    assert.equal(pageInfo.hasNextPage, false, 'the checks make fewer events than one page holds');
    return edges.map(({ cursor }) => cursor);
  }

  /** The cursor of the latest event. A subscriber that starts here cannot miss what happens while it is connecting. */
  async latest() {
    return (await this.log()).at(-1);
  }

  /** What `SUBMIT` takes. */
  get newJob() {
    return { input: { serviceId: this.serviceId, parameters: { greeting: 'hello' } } };
  }

  /** Submits a job and returns its id. */
  async submit() {
    const data = await this.run(SUBMIT, this.newJob);
    assert.equal(data.jobSubmit.job.status, 'QUEUED');
    return data.jobSubmit.job.id;
  }

  /** Takes the next job and returns the lease. */
  async claimNext() {
    const claim = await this.work(
      `mutation ($input: WorkClaimInput!) { workClaim(input: $input) { leases { token expiresAt attempt job { id } } } }`,
      { serviceIds: [this.serviceId], max: 1, waitSeconds: 5 },
    );
    const [lease] = claim.workClaim.leases;
    assert.ok(lease, 'no job to claim');
    return lease;
  }

  /** Reports progress on a job and finishes it. */
  async finish(lease) {
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

  async finishNext() {
    return this.finish(await this.claimNext());
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
