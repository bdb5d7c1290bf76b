import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type EventStore, eventsIn } from './event-store.ts';

/** Another client has taken it by now. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/**
 * Events in a folder, a file a client, for services on Node, Deno and Bun. What the service will not take lies in its
 * folder `aside`, a line of JSON a time: `{ reason, events }`.
 */
export function fileStore<Event>(folder: string, { id = crypto.randomUUID() as string } = {}): EventStore<Event> {
  const fileName = `${id}.json`;
  const file = path.join(folder, fileName);
  const taken: string[] = [];
  return {
    async take() {
      await mkdir(folder, { recursive: true });
      const names = (await readdir(folder)).filter((name) => name.endsWith('.json') && !name.startsWith(id));
      for (const name of names) {
        const mine = path.join(folder, `${id}-took-${name}`);
        // Of two that start together, the one that renames it last has it: what was taken may be from one that has
        // ended.
        const is = await rename(path.join(folder, name), mine).then(
          () => true,
          () => false,
        );
        if (is) taken.push(mine);
      }
      const texts = await Promise.all(taken.map((name) => readFile(name, 'utf8').catch(unlessGone)));
      return texts.flatMap((text) => (text === undefined ? [] : eventsIn<Event>(text)));
    },
    async keep(events) {
      if (events.length === 0) await rm(file, { force: true });
      else {
        await mkdir(folder, { recursive: true });
        await writeFile(`${file}.tmp`, JSON.stringify(events));
        await rename(`${file}.tmp`, file);
      }
      await Promise.all(taken.splice(0).map((name) => rm(name, { force: true })));
    },
    async setAside(events, reason) {
      const aside = path.join(folder, 'aside');
      await mkdir(aside, { recursive: true });
      await appendFile(path.join(aside, `${id}.jsonl`), `${JSON.stringify({ reason, events })}\n`);
    },
  };
}
