import { randomUUID } from 'node:crypto';
import { onlyDataset } from '@duet/serving';
import { newRequestId } from './access/request-id.ts';
import type { Caller, Context } from './context.ts';

/** Of the caller's key, whose data alone may answer; undefined for one of every dataset. */
export const datasetOf = ({ datasetId }: Caller): string | undefined => datasetId ?? undefined;

/** The id of an answer to a user, which the events of the list carry. */
export function requestIdFor({ keyring, serving, caller }: Context & { caller: Caller }, userId = ''): string {
  const datasetId = datasetOf(caller) ?? onlyDataset(serving.plan);
  const secret = datasetId === undefined ? undefined : keyring.secretOf(datasetId);
  return secret === undefined ? randomUUID() : newRequestId(secret, userId);
}
