// The documents that the playground opens with: valid, and one for each noun.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as graphql from 'graphql';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'ui/src/starters');

const schema = graphql.buildSchema(readFileSync(join(ROOT, 'schema.graphql'), 'utf8'));
const starters = readdirSync(FOLDER).map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }));

for (const { name, text } of starters) {
  test(`${name} is valid, begins with a comment, and names its operations`, () => {
    assert.match(text, /^# \S/);
    const document = graphql.parse(text);
    // Several of them in one tab: each is run alone, by its name.
    for (const definition of document.definitions) assert.ok(definition.name, 'an operation without a name');
    assert.deepEqual(graphql.validate(schema, document).map(({ message }) => message), []);
  });
}

test('every noun is in some starter', () => {
  const seen = new Set();
  const info = new graphql.TypeInfo(schema);
  const note = { Field: () => void seen.add(graphql.getNamedType(info.getType())?.name) };
  for (const { text } of starters) graphql.visit(graphql.parse(text), graphql.visitWithTypeInfo(info, note));
  const nouns = schema.getPossibleTypes(schema.getType('Node')).map(({ name }) => name);
  assert.ok(nouns.length > 3);
  assert.deepEqual(nouns.filter((noun) => !seen.has(noun)), [], 'add a file to ui/src/starters');
});
