import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from './log.ts';

/** A logger at a time that the test moves, and the lines that it has written. */
function capture(logLevel = 'info') {
  const lines: Record<string, unknown>[] = [];
  let time = 0;
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const logger = createLogger({ logLevel }, 'test', { destination, now: () => time });
  return {
    logger,
    lines,
    wait: (ms: number) => {
      time += ms;
    },
  };
}

test('a message that comes in floods is thinned and counted, others and debugging are not', () => {
  const { logger, lines, wait } = capture();
  const request = logger.child({ service: 'retrieval' });
  for (let i = 0; i < 100_000; i++) request.info({ path: `/${i}`, status: 404 }, 'answered');
  assert.equal(lines.length, 120);
  logger.error('the disk is full');
  assert.equal(lines.length, 121);
  wait(60_000);
  request.info({ path: '/later', status: 404 }, 'answered');
  const [told, line] = lines.slice(-2);
  assert.partialDeepStrictEqual(told, { msg: 'lines were left out', of: 'answered', leftOut: 99_880 });
  assert.partialDeepStrictEqual(line, { msg: 'answered', path: '/later', service: 'retrieval' });

  const debugging = capture('debug');
  for (let i = 0; i < 500; i++) debugging.logger.debug('a step');
  assert.equal(debugging.lines.length, 500);
});

test('secrets are cut out by name', () => {
  const { logger, lines } = capture();
  logger.info({ apiKey: 'duet_x', nested: { password: 'x' } }, 'hello');
  assert.partialDeepStrictEqual(lines[0], { apiKey: '[hidden]', nested: { password: '[hidden]' } });
});
