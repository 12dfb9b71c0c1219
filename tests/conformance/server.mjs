// A docket of one's own: on a free port, with an empty database in a new folder, which goes when the process ends.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { openSync, rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const START_MILLIS = 20_000;
// The server's own deadline for open streams is 25 s.
const STOP_MILLIS = 30_000;

export class Server {
  /** Starts `program` with these flags and waits until it is ready. */
  static async start(program, flags = []) {
    const server = new Server();
    server.program = program;
    server.flags = flags;
    server.password = randomUUID();
    server.address = `127.0.0.1:${await freePort()}`;
    server.url = `http://${server.address}/graphql`;
    server.folder = await mkdtemp(join(tmpdir(), 'docket-conformance-'));
    process.on('exit', () => {
      server.child?.kill('SIGKILL');
      rmSync(server.folder, { recursive: true, force: true });
    });
    await server.startAgain();
    return server;
  }

  /** Starts it with the same address and database. */
  async startAgain() {
    const output = openSync(join(this.folder, 'server.log'), 'a');
    const env = {
      ...process.env,
      DOCKET_ADMIN_PASSWORD: this.password,
      DOCKET_LISTEN: this.address,
      DOCKET_DATABASE_URL: `sqlite://${join(this.folder, 'docket.db')}`,
    };
    this.child = spawn(this.program, ['serve', ...this.flags], { cwd: this.folder, env, stdio: ['ignore', output, output] });
    this.ended = new Promise((done) => {
      this.child.on('error', (error) => done(error.message));
      this.child.on('exit', (code, signal) => done(code ?? signal));
    });
    await this.#ready();
  }

  async #ready() {
    let ended;
    this.ended.then((how) => (ended = how));
    for (const end = Date.now() + START_MILLIS; Date.now() < end; await pause(20)) {
      if (ended !== undefined) throw new Error(`${this.program} ended with ${ended} instead of starting`);
      const answer = await fetch(`http://${this.address}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
    }
    throw new Error(`${this.program} was not ready after ${START_MILLIS} ms`);
  }

  /** Sends a signal and returns the exit code, or the signal that ended it. */
  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    const late = pause(STOP_MILLIS, undefined, { ref: false }).then(() => `nothing for ${STOP_MILLIS} ms`);
    return Promise.race([this.ended, late]);
  }

  /** The end of its log. */
  async log() {
    const text = await readFile(join(this.folder, 'server.log'), 'utf8').catch(() => '(none)');
    return text.split('\n').slice(-60).join('\n');
  }
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
