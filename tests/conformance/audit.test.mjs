// The GraphQL-over-HTTP specification, as `graphql-http` audits it. What the specification only recommends counts too.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { patience, url } from './docket.mjs';

// The whole suite: a version of it with fewer audits must not pass unnoticed.
const AUDITS = 61;

const audits = serverAudits({ url, fetchFn: fetch });

test(`the suite has ${AUDITS} audits`, () => assert.equal(audits.length, AUDITS));

for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, patience, async () => {
    const result = await audit.fn();
    if (result.status === 'ok') return;
    const { response } = result;
    const body = response.bodyUsed ? '(read by the audit)' : await response.text();
    assert.fail(`${result.reason}; the answer was ${response.status} ${response.headers.get('content-type')}: ${body}`);
  });
}
