// Starts a docket with its demo on a free port, uses its pages in a browser, and ends it.
//
//   node tests/browser/run.mjs [PROGRAM]       PROGRAM: target/debug/docket
//
// DOCKET_TEST_CHROMIUM names the browser, /usr/bin/chromium if it is not set; DOCKET_TEST_SCREENSHOTS a folder for
// pictures of what the tests see.

import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { Server } from '../conformance/server.mjs';

const CHECKS_MILLIS = 300_000;

const folder = import.meta.dirname;
const program = resolve(process.argv[2] ?? join(folder, '../../target/debug/docket'));

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

let server;
let failed = true;
try {
  server = await Server.start(program, ['--demo']);
  const code = await run(['--test', '--test-reporter=spec', join(folder, 'starters.test.mjs'), join(folder, 'playground.test.mjs')]);
  const stopped = await server.stop();
  if (stopped !== 0) console.error(`the server ended with ${stopped} instead of 0`);
  failed = code !== 0 || stopped !== 0;
} catch (error) {
  console.error(error.message);
}
if (failed) console.error(`\nThe end of the server's log:\n${await server?.log()}`);
process.exit(failed ? 1 : 0);

function run(args) {
  const env = { ...process.env, DOCKET_TEST_URL: `http://${server.address}`, DOCKET_ADMIN_PASSWORD: server.password };
  return new Promise((done, fail) => {
    const options = { env, stdio: ['ignore', 'inherit', 'inherit'], timeout: CHECKS_MILLIS };
    spawn(process.execPath, args, options).on('error', fail).on('exit', done);
  });
}
