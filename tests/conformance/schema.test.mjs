// The schema as tools see it: what the server says of itself, what `schema.graphql` says, what Relay's specifications
// ask for, and the documents that the manuals show.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as graphql from 'graphql';
import { Workshop, patience, run } from './docket.mjs';
import { documentsOf } from './manual.mjs';

const ROOT = join(import.meta.dirname, '../..');

/** What a playground asks for, and everything that newer tools add. */
const INTROSPECTION = graphql.getIntrospectionQuery({
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
});

const written = graphql.buildSchema(readFileSync(join(ROOT, 'schema.graphql'), 'utf8'));
const types = Object.values(written.getTypeMap()).filter((type) => !type.name.startsWith('__'));
const objects = types.filter(graphql.isObjectType);
let told;

before(async () => {
  told = graphql.buildClientSchema(await run(INTROSPECTION));
}, patience);

test('introspection by a playground gives a valid schema, and the one that is written down', () => {
  assert.deepEqual(graphql.validateSchema(told), []);
  const { description: _, ...config } = graphql.lexicographicSortSchema(told).toConfig();
  // Without its own description, for which the definition language of the library has no place.
  const said = graphql.printSchema(new graphql.GraphQLSchema(config)).split('\n');
  const kept = graphql.printSchema(graphql.lexicographicSortSchema(written)).split('\n');
  const first = said.findIndex((line, index) => line !== kept[index]);
  assert.equal(said[first], kept[first], `in line ${first}, sorted`);
  assert.equal(said.length, kept.length);
});

test('introspection with another depth of types is answered too', patience, async () => {
  // Older tools ask for 7 levels, newer ones for 9.
  const older = graphql.getIntrospectionQuery();
  assert.ok(graphql.buildClientSchema(await run(older)).getType('Job'));
});

test('schema.graphql is valid', () => assert.deepEqual(graphql.validateSchema(written), []));

test('everything has a description', () => {
  const bare = [];
  const look = (thing, path) => thing.description?.trim() || bare.push(path);
  for (const type of types.filter((type) => !graphql.isSpecifiedScalarType(type))) {
    look(type, type.name);
    for (const value of type.getValues?.() ?? []) look(value, `${type.name}.${value.name}`);
    for (const field of Object.values(type.getFields?.() ?? {})) {
      look(field, `${type.name}.${field.name}`);
      for (const argument of field.args ?? []) look(argument, `${type.name}.${field.name}(${argument.name})`);
    }
  }
  assert.deepEqual(bare, []);
});

test('no default is JSON inside a string', () => {
  const inputs = types.filter(graphql.isInputObjectType).flatMap((type) => Object.values(type.getFields()));
  const args = objects.flatMap((type) => Object.values(type.getFields()).flatMap((field) => field.args));
  const isJson = ({ type }) => graphql.getNamedType(type).name === 'JSON';
  const wrong = [...inputs, ...args].filter((input) => isJson(input) && typeof input.defaultValue === 'string');
  assert.deepEqual(wrong.map(({ name }) => name), []);
});

test('every mutation takes one `input`, or nothing, and returns a payload', () => {
  for (const { name, args, type } of Object.values(written.getMutationType().getFields())) {
    assert.ok(args.length <= 1, name);
    for (const argument of args) {
      assert.equal(argument.name, 'input', name);
      assert.ok(graphql.isRequiredArgument(argument) && graphql.isInputObjectType(argument.type.ofType), name);
    }
    assert.match(String(type), /^\w+Payload!$/, name);
  }
});

test('connections are what Relay asks for', () => {
  const connections = objects.filter(({ name }) => name.endsWith('Connection'));
  assert.notEqual(connections.length, 0);
  for (const connection of connections) {
    const { edges, pageInfo } = connection.getFields();
    assert.equal(String(pageInfo.type), 'PageInfo!', connection.name);
    const edge = graphql.getNamedType(edges.type);
    assert.equal(edge.name, connection.name.replace(/Connection$/, 'Edge'));
    assert.ok(graphql.isListType(graphql.getNullableType(edges.type)), connection.name);
    assert.equal(String(edge.getFields().cursor.type), 'String!', edge.name);
    assert.ok(!graphql.isListType(graphql.getNullableType(edge.getFields().node.type)), edge.name);
  }
  const page = Object.values(written.getType('PageInfo').getFields()).map(({ name, type }) => `${name}: ${type}`);
  assert.deepEqual(page.sort(), [
    'endCursor: String',
    'hasNextPage: Boolean!',
    'hasPreviousPage: Boolean!',
    'startCursor: String',
  ]);
});

test('fields that give a connection take `first` and `after`', () => {
  const paged = objects.flatMap((type) => Object.values(type.getFields()));
  for (const { name, args, type } of paged) {
    if (!graphql.getNamedType(type).name.endsWith('Connection')) continue;
    const of = (argument) => String(graphql.getNullableType(args.find((arg) => arg.name === argument)?.type));
    assert.equal(of('first'), 'Int', name);
    assert.match(of('after'), /^(String|Cursor)$/, name);
  }
});

test('what has a global id is found again by it', patience, async () => {
  const workshop = await Workshop.open();
  const job = await workshop.submit();
  await workshop.finishNext();
  const { viewer } = await workshop.run('{ viewer { user { id } } }');
  const ids = { Job: job, Service: workshop.serviceId, Runner: workshop.runnerId, User: viewer.user.id };
  const kinds = written.getPossibleTypes(written.getType('Node')).map(({ name }) => name);
  for (const kind of kinds) assert.equal(String(written.getType(kind).getFields().id.type), 'ID!', kind);
  const { nodes } = await workshop.run('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', {
    ids: Object.values(ids),
  });
  assert.deepEqual(nodes, Object.entries(ids).map(([__typename, id]) => ({ __typename, id })));
  for (const id of Object.values(ids)) {
    const { node } = await workshop.run('query ($id: ID!) { node(id: $id) { id } }', { id });
    assert.equal(node.id, id);
  }
});

const folders = [ROOT, join(ROOT, 'docs')].filter(existsSync);
const manuals = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
for (const file of manuals.filter((name) => name.endsWith('.md'))) {
  const documents = documentsOf(readFileSync(file, 'utf8'));
  if (documents.length === 0) continue;
  test(`${file.slice(ROOT.length + 1)}: ${documents.length} documents are valid`, () => {
    for (const { line, text } of documents) {
      const errors = graphql.validate(written, graphql.parse(text)).map(({ message }) => message);
      assert.deepEqual(errors, [], `line ${line}: ${text}`);
    }
  });
}
