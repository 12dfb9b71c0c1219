// Where a subscription is, so that it can go on there: the cursor of the last event, put into `after`.

import { type FieldNode, getOperationAST, Kind, parse, print, visit } from 'graphql';
import type { ExecutionResult } from 'graphql';
import type { Operation } from './api';

export interface Bookmark {
  /** The cursor in an answer, if it holds one. */
  read(result: ExecutionResult): string | undefined;
  /** Changes `operation`: sent again, it begins after `cursor`. */
  move(operation: Operation, cursor: string): void;
}

/** Nothing when the subscription does not ask for its cursor: sent again, it begins as it did the first time. */
export function bookmark({ query, operationName }: Operation): Bookmark | undefined {
  const root = getOperationAST(parse(query), operationName)?.selectionSet.selections[0];
  if (root?.kind !== Kind.FIELD) return undefined;
  const cursor = root.selectionSet?.selections.find(
    (selection): selection is FieldNode => selection.kind === Kind.FIELD && selection.name.value === 'cursor',
  );
  if (!cursor) return undefined;
  return {
    read: ({ data }) => {
      const delivery = data?.[keyOf(root)] as Record<string, unknown> | null | undefined;
      const value = delivery?.[keyOf(cursor)];
      return typeof value === 'string' ? value : undefined;
    },
    move: (operation, value) => {
      const given = root.arguments?.find(({ name }) => name.value === 'after')?.value;
      if (given?.kind === Kind.VARIABLE) {
        operation.variables = { ...operation.variables, [given.name.value]: value };
      } else {
        operation.query = withAfter(operation, keyOf(root), value);
      }
    },
  };
}

function keyOf({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}

function withAfter({ query, operationName }: Operation, key: string, cursor: string): string {
  const document = parse(query);
  const operation = getOperationAST(document, operationName);
  const changed = visit(document, {
    OperationDefinition: (node) => (node === operation ? undefined : false),
    FragmentDefinition: () => false,
    Field: (node) => {
      if (keyOf(node) !== key) return false;
      const others = node.arguments?.filter(({ name }) => name.value !== 'after') ?? [];
      const name = { kind: Kind.NAME, value: 'after' } as const;
      const value = { kind: Kind.STRING, value: cursor } as const;
      return { ...node, arguments: [...others, { kind: Kind.ARGUMENT, name, value } as const] };
    },
  });
  return print(changed);
}
