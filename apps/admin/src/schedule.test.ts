import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronOf, scheduleChoice, scheduleInWords } from './schedule.ts';

test('a schedule that the form can say comes back as it was, and so does any other', () => {
  for (const cron of [null, '0 3 * * *', '30 22 * * 1', '5 0 * * 0', '*/10 * * * *', '0 3 1 * *']) {
    assert.equal(cronOf(scheduleChoice(cron)), cron);
  }
  assert.equal(cronOf(scheduleChoice('0 3 * * 7')), '0 3 * * 0', '7 is Sunday too');
});

test('a schedule is said in words where it has some', () => {
  assert.equal(scheduleInWords(null, 'UTC'), 'when somebody asks');
  assert.equal(scheduleInWords('0 3 * * *', 'Europe/London'), 'every day at 03:00 (Europe/London)');
  assert.equal(scheduleInWords('15 4 * * 2', 'UTC'), 'every Tuesday at 04:15 (UTC)');
  assert.equal(scheduleInWords('*/10 * * * *', 'UTC'), 'by the schedule */10 * * * * (UTC)');
});
