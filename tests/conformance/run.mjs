// Starts a docket of its own on a free port with an empty database, runs the checks against it, and ends it.
//
//   node tests/conformance/run.mjs [PROGRAM]       PROGRAM: target/debug/docket

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { openSync, rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const START_MILLIS = 20_000;
// The server's own deadline for open streams is 25 s.
const STOP_MILLIS = 30_000;
// A check that fails may leave a connection open, which keeps its process alive.
const CHECKS_MILLIS = 180_000;

const folder = import.meta.dirname;
const program = resolve(process.argv[2] ?? join(folder, '../../target/debug/docket'));
const work = await mkdtemp(join(tmpdir(), 'docket-conformance-'));
const log = join(work, 'server.log');
const address = `127.0.0.1:${await freePort()}`;
const environment = { ...process.env, DOCKET_ADMIN_PASSWORD: randomUUID() };

let server;
process.on('exit', () => {
  server?.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

let failed = true;
try {
  server = start();
  await ready();
  const checks = ['audit', 'ws', 'sse'].map((name) => join(folder, `${name}.test.mjs`));
  const code = await run(process.execPath, ['--test', '--test-reporter=spec', ...checks]);
  const stopped = await stop();
  if (stopped !== 0) console.error(`the server ended with ${stopped} instead of 0`);
  failed = code !== 0 || stopped !== 0;
} catch (error) {
  console.error(error.message);
}
if (failed) console.error(`\nThe end of the server's log:\n${await tail()}`);
process.exit(failed ? 1 : 0);

function start() {
  const output = openSync(log, 'a');
  return spawn(program, ['serve'], {
    cwd: work,
    env: { ...environment, DOCKET_LISTEN: address, DOCKET_DATABASE_URL: `sqlite://${join(work, 'docket.db')}` },
    stdio: ['ignore', output, output],
  });
}

async function ready() {
  let ended;
  server.on('error', (error) => (ended = error.message));
  server.on('exit', (code) => (ended = `it exited with ${code}`));
  for (const end = Date.now() + START_MILLIS; Date.now() < end; await pause(50)) {
    if (ended) throw new Error(`${program} did not start: ${ended}`);
    const answer = await fetch(`http://${address}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
  }
  throw new Error(`${program} was not ready after ${START_MILLIS} ms`);
}

/** Asks the server to stop and returns its exit code, or the signal that ended it. */
async function stop() {
  if (server.exitCode !== null) return server.exitCode;
  const ended = new Promise((done) => server.on('exit', (code, signal) => done(code ?? signal)));
  server.kill('SIGTERM');
  const late = pause(STOP_MILLIS, undefined, { ref: false }).then(() => `nothing for ${STOP_MILLIS} ms`);
  return Promise.race([ended, late]);
}

function run(command, args) {
  const env = { ...environment, DOCKET_TEST_URL: `http://${address}/graphql` };
  return new Promise((done, fail) => {
    const options = { env, stdio: ['ignore', 'inherit', 'inherit'], timeout: CHECKS_MILLIS };
    spawn(command, args, options).on('error', fail).on('exit', done);
  });
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer().on('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

async function tail() {
  const text = await readFile(log, 'utf8').catch(() => '(none)');
  return text.split('\n').slice(-60).join('\n');
}
