import { seededRng } from '@duet/random';

/** The chance numbers of an answer: a request id's own, so that whoever has the log can draw them again. */
export const drawsOf = (requestId: string): (() => number) => seededRng(Number.parseInt(requestId.slice(0, 8), 16));
