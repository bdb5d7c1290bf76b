import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { appRouter } from '../router.ts';
import { openApiOf } from './openapi.ts';
import { inputOfUrl, operationsOf } from './operations.ts';

describe('the OpenAPI document', () => {
  const document = openApiOf(appRouter, '1.2.3');

  test('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...document });
    assert.ok(valid, JSON.stringify(errors));
  });

  test('has every procedure once, with a name, an answer and the scopes that it needs', () => {
    const described = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    assert.deepEqual(
      described.map(({ operationId }) => operationId).sort(),
      Object.keys(appRouter._def.procedures).sort(),
    );
    for (const { operationId, description, security } of described) {
      const { scopes } = operationsOf(appRouter).find(({ name }) => name === operationId)!;
      assert.equal(security.length, scopes === undefined ? 0 : 1, operationId);
      for (const scope of scopes ?? []) assert.ok(description.includes(`\`${scope}\``), operationId);
    }
  });

  test('names every schema that it refers to', () => {
    const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!);
    assert.ok(names.length > 20);
    for (const name of names) assert.ok(name in document.components.schemas, name);
  });

  test('describes an event, although the procedure takes a batch with bad ones', () => {
    const { properties } = document.components.schemas.EventsLogInput as {
      properties: { events: { items: { required: string[]; properties: object } } };
    };
    assert.deepEqual(properties.events.items.required, ['eventId', 'type', 'occurredAt']);
  });
});

describe('the input of a URL', () => {
  const of = (name: string) => operationsOf(appRouter).find((operation) => operation.name === name)!;

  test('reads numbers, and leaves to the procedure what it cannot read', () => {
    assert.deepEqual(inputOfUrl(of('similarItems'), { itemId: '007' }, { k: '5' }), { itemId: '007', k: 5 });
    assert.deepEqual(inputOfUrl(of('similarItems'), { itemId: 'a' }, { k: 'many' }), { itemId: 'a', k: 'many' });
    assert.deepEqual(inputOfUrl(of('similarItems'), { itemId: 'a' }, { K: '5' }), { itemId: 'a', K: '5' });
    assert.equal(inputOfUrl(of('health'), {}, {}), undefined);
  });

  test('lets no query replace what the path names', () => {
    assert.deepEqual(inputOfUrl(of('catalogue.item'), { itemId: 'a' }, { itemId: 'b' }), { itemId: 'a' });
  });
});
