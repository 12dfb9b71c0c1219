// The server, over HTTP and over one websocket.

import type { ExecutionResult } from 'graphql';
import { createClient } from 'graphql-ws';
import { credential, onToken } from './token';

export interface Operation {
  query: string;
  variables?: Record<string, unknown> | null | undefined;
  operationName?: string | null | undefined;
}

// Beside the page, whatever a proxy has put before both.
const ENDPOINT = new URL('graphql', document.baseURI);

/** Runs a query or a mutation. What goes wrong on the way is an error of the answer, like any other. */
export async function post(operation: Operation): Promise<ExecutionResult> {
  const headers = { Accept: 'application/graphql-response+json', 'Content-Type': 'application/json', ...credential() };
  try {
    const response = await fetch(ENDPOINT, { method: 'POST', headers, body: JSON.stringify(operation) });
    return await response.json();
  } catch (error) {
    return failure(`The server gave no answer: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** An answer that only says what is wrong. */
export function failure(message: string): ExecutionResult {
  return { errors: [{ message }] } as unknown as ExecutionResult;
}

/** How the socket is: it is there while a subscription runs. */
export type Link = 'none' | 'connecting' | 'open';

let link: Link = 'none';
const listeners = new Set<() => void>();

function become(next: Link): void {
  link = next;
  for (const listener of listeners) listener();
}

export function currentLink(): Link {
  return link;
}

export function onLink(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// Closed by the server for who asks, and not for what happened on the way.
const FORBIDDEN = 4403;

const SLOWEST_RETRY_MILLIS = 10_000;

function socketUrl(): string {
  const url = new URL(ENDPOINT);
  url.protocol = url.protocol.replace('http', 'ws');
  return url.href;
}

/** The socket: opened by the first subscription, closed after the last, and opened again when it breaks. */
export const socket = createClient({
  url: socketUrl,
  connectionParams: credential,
  retryAttempts: Infinity,
  shouldRetry: (event) => !(event instanceof CloseEvent && event.code === FORBIDDEN),
  retryWait: (retries) => {
    const millis = Math.min(500 * 2 ** retries, SLOWEST_RETRY_MILLIS);
    // Not all pages at the same moment after a restart of the server.
    return new Promise((done) => setTimeout(done, millis * (0.5 + Math.random() / 2)));
  },
  on: {
    connecting: () => become('connecting'),
    connected: () => become('open'),
    closed: (event) => become(event instanceof CloseEvent && event.code === 1000 ? 'none' : 'connecting'),
  },
});

// A socket belongs to who opened it: with another token its subscriptions go on in a new one.
onToken(() => socket.terminate());
