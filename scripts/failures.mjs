/**
 * What failed, in a line each: `{ place, title, message }`. The end of a run's output may be all that is kept of it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const longest = 240;
const mostLines = 60;

/** A message in one line: of an assertion the values stand in the lines that follow its first. */
export const inOneLine = (text) => stripVTControlCharacters(String(text)).replace(/\s+/g, ' ').trim().slice(0, longest);

/**
 * What a program's whole output says went wrong: the first line that names a place in a file and the first that names
 * an error, or both in one; else the last line.
 */
export function tellingLine(output) {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const isError = (line) => /error|fatal|✖|×/i.test(line);
  const place = lines.findIndex((line) => /^\s*\S+\.[cm]?[jt]sx?(:\d+:\d+ |\(\d+,\d+\))/.test(line));
  const error = lines.findIndex((line, at) => at >= place && isError(line));
  const messages = [...new Set([place, error])].filter((at) => at >= 0).map((at) => lines[at].replace(/━+$/, ''));
  return inOneLine(messages.join(' ') || (lines.at(-1) ?? 'It printed nothing.'));
}

/**
 * Notes each test that fails of the events of `node:test`. Those that were cancelled come last: their parent, or the
 * hook before them, says why.
 */
export function notedFailures(events) {
  const failures = [];
  const cancelled = [];
  const printed = new Map();
  // The tests around the one that is told of, outermost first: files are reported one after another.
  const titles = [];
  events.on('test:stderr', ({ file, message }) => printed.set(file, `${printed.get(file) ?? ''}${message}`));
  events.on('test:start', ({ nesting, name }) => titles.splice(nesting, Infinity, name));
  events.on('test:fail', ({ name, nesting, file, details: { error } }) => {
    if (error.failureType === 'subtestsFailed') return;
    const place = path.relative('.', file ?? name);
    // A whole file fails where it cannot be loaded, or ends before its tests do.
    const isFile = path.resolve(name) === file;
    const ended = `It ended with ${error.exitCode ?? error.signal} before its tests did.`;
    const message = isFile ? tellingLine(printed.get(file) ?? ended) : inOneLine(error.cause?.message ?? error.message);
    const title = isFile ? 'the file' : [...titles.slice(0, nesting), name].join(' › ');
    (error.failureType === 'cancelledByParent' ? cancelled : failures).push({ place, title, message });
  });
  return () => [...failures, ...cancelled];
}

/** Those of Playwright's JSON report. */
export function endToEndFailures({ suites = [], errors = [] }) {
  const inSuite = (suite, titles) => [
    ...(suite.specs ?? []).flatMap(({ title, file, line, tests }) =>
      tests
        .filter(({ status }) => status === 'unexpected')
        .map(({ results }) => ({
          place: `e2e/${file}:${line}`,
          title: [...titles, title].join(' › '),
          message: inOneLine(results.findLast(({ error }) => error)?.error.message ?? 'It did not end in time.'),
        })),
    ),
    ...(suite.suites ?? []).flatMap((inner) => inSuite(inner, [...titles, inner.title])),
  ];
  const outside = errors.map(({ message }) => ({ place: 'e2e', title: 'the run', message: inOneLine(message) }));
  return [...outside, ...suites.flatMap((suite) => inSuite(suite, []))];
}

/** That of a task of turbo which named no test that failed. */
export function taskFailure({ taskId, logFile }, root) {
  const file = logFile && path.join(root, logFile);
  const output = file && fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  return { place: taskId, title: 'the task', message: tellingLine(output) };
}

/** The lines to print. */
export function failureLines(failures) {
  const lines = failures.map(({ place, title, message }) => `FAIL ${place}: ${title}: ${message}`);
  const left = lines.length - mostLines;
  return left > 0 ? [...lines.slice(0, mostLines), `… and ${left} more`] : lines;
}
