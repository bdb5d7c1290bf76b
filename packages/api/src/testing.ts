import type { Database } from '@duet/db';
import type { AnswerLog, EventSink, LatencyLog } from '@duet/experiments';
import type { Serving } from '@duet/serving';
import type { Keyring } from './access/keyring.ts';
import { orderLimits } from './access/order-limit.ts';
import { createAssign } from './assignment.ts';
import { authenticate, type Context, type Credentials } from './context.ts';

/** What the retrieval service makes a context of. */
export interface ContextParts {
  db: Database;
  serving: Serving;
  events: EventSink;
  keyring: Keyring;
  latency: LatencyLog;
  answers?: AnswerLog;
}

/** The context of a request with these credentials, as the retrieval service makes it. */
export const contextWith = (parts: ContextParts, credentials: Partial<Credentials> = {}): Context => ({
  ...parts,
  answers: parts.answers ?? { answered: () => {} },
  assign: createAssign(parts.serving),
  onLogged: () => {},
  orderLimit: orderLimits('100000'),
  authenticate: () => authenticate({ address: '127.0.0.1', ...credentials }, parts.keyring),
});
