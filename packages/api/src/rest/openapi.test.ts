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
      described.flatMap(({ operationId }) => (operationId.endsWith('.byBody') ? [] : operationId)).sort(),
      Object.keys(appRouter._def.procedures).sort(),
    );
    for (const { operationId, description, security } of described) {
      const { scopes } = operationsOf(appRouter).find(({ name }) => name === operationId.replace('.byBody', ''))!;
      assert.equal(security.length, scopes === undefined ? 0 : 1, operationId);
      for (const scope of scopes ?? []) assert.ok(description.includes(`\`${scope}\``), operationId);
    }
  });

  test('names every schema that it refers to', () => {
    const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!);
    assert.ok(names.length > 20);
    for (const name of names) assert.ok(name in document.components.schemas, name);
  });

  test('says a default in words, so that a generator lets a caller leave the field out', () => {
    const { properties, required } = document.components.schemas.RetrieveInput as {
      properties: Record<string, { default?: unknown; description: string }>;
      required?: string[];
    };
    assert.equal(required, undefined);
    assert.ok(Object.values(properties).every((property) => !('default' in property)));
    assert.match(properties.rank!.description, /By default true\.$/);
  });

  test('takes similar items also by a body, for generators that write no JSON into a URL', () => {
    const { post } = document.paths['/v1/items/{itemId}/similar']!;
    assert.deepEqual(
      post!.parameters!.map((one) => one.name),
      ['itemId'],
    );
    assert.equal(post!.requestBody!.required, true);
  });

  test('names the address that the operator says', () => {
    assert.deepEqual(openApiOf(appRouter, '1', 'https://shop.example/duet').servers, [
      { url: 'https://shop.example/duet' },
    ]);
    assert.deepEqual(document.servers, [{ url: '/' }]);
  });

  test('describes an event, although the procedure takes a batch with bad ones', () => {
    const { properties } = document.components.schemas.EventsLogInput as {
      properties: { events: { items: { required: string[]; properties: object } } };
    };
    assert.deepEqual(properties.events.items.required, ['type']);
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
