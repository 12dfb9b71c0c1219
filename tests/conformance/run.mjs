// Starts a docket of its own on a free port with an empty database, runs the checks against it, and ends it.
//
//   node tests/conformance/run.mjs [PROGRAM]       PROGRAM: target/debug/docket

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Server } from './server.mjs';

// A check that fails may leave a connection open, which keeps its process alive.
const CHECKS_MILLIS = 180_000;

const folder = import.meta.dirname;
const program = resolve(process.argv[2] ?? join(folder, '../../target/debug/docket'));

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

let server;
let failed = true;
try {
  server = await Server.start(program);
  const checks = readdirSync(folder).filter((name) => name.endsWith('.test.mjs'));
  const code = await run(process.execPath, ['--test', '--test-reporter=spec', ...checks.map((name) => join(folder, name))]);
  const stopped = await server.stop();
  if (stopped !== 0) console.error(`the server ended with ${stopped} instead of 0`);
  failed = code !== 0 || stopped !== 0;
} catch (error) {
  console.error(error.message);
}
if (failed) console.error(`\nThe end of the server's log:\n${await server?.log()}`);
process.exit(failed ? 1 : 0);

function run(command, args) {
  const { url: DOCKET_TEST_URL, password: DOCKET_ADMIN_PASSWORD } = server;
  const env = { ...process.env, DOCKET_TEST_URL, DOCKET_ADMIN_PASSWORD, DOCKET_BIN: program };
  return new Promise((done, fail) => {
    const options = { env, stdio: ['ignore', 'inherit', 'inherit'], timeout: CHECKS_MILLIS };
    spawn(command, args, options).on('error', fail).on('exit', done);
  });
}
