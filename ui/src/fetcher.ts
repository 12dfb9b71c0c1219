// What the playground runs an operation with: HTTP for one answer, the socket for many.

import type { Fetcher, FetcherReturnType } from '@graphiql/toolkit';
import { type ExecutionResult, getOperationAST, OperationTypeNode, parse } from 'graphql';
import { failure, type Operation, post, socket } from './api';
import { bookmark } from './bookmark';

export const fetcher: Fetcher = (params) => {
  const operation = params as Operation;
  return isSubscription(operation) ? live(operation) : post(operation);
};

function isSubscription({ query, operationName }: Operation): boolean {
  try {
    return getOperationAST(parse(query), operationName)?.operation === OperationTypeNode.SUBSCRIPTION;
  } catch {
    // The server says what is wrong with the document.
    return false;
  }
}

interface Sink {
  next(result: ExecutionResult): void;
  complete(): void;
}

/** A subscription that survives its connection: the client sends `operation` again, which has moved on by then. */
function live(given: Operation): FetcherReturnType {
  const observable = {
    subscribe: (sink: Sink) => {
      const operation = { ...given };
      const mark = bookmark(operation);
      const request = operation as Parameters<typeof socket.subscribe>[0];
      const unsubscribe = socket.subscribe(request, {
        next: (value) => {
          const result = value as ExecutionResult;
          const cursor = mark?.read(result);
          if (cursor !== undefined) mark?.move(operation, cursor);
          sink.next(result);
        },
        error: (error) => {
          sink.next(explain(error));
          sink.complete();
        },
        complete: () => sink.complete(),
      });
      return { unsubscribe };
    },
  };
  return observable as unknown as FetcherReturnType;
}

/** Errors of the document come as a list; a socket that may not be opened again says why in its close frame. */
function explain(error: unknown): ExecutionResult {
  if (Array.isArray(error)) return { errors: error };
  if (error instanceof CloseEvent) return failure(`The socket was closed (${error.code}): ${error.reason || 'no reason given'}`);
  return failure(error instanceof Error ? error.message : String(error));
}
