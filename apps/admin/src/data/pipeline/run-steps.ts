import { z } from 'zod';
import { formatCount } from '#format.ts';

const stageRecord = z.object({
  name: z.string(),
  startedAt: z.coerce.date(),
  finishedAt: z.coerce.date().nullable(),
  sentence: z.string().default(''),
  state: z
    .object({
      measureRunId: z.string().optional(),
      refitRunId: z.string().optional(),
      /** Events that became data; undefined in runs of before that was kept, and of datasets that have none. */
      folded: z.number().optional(),
    })
    .default({}),
});
type StageRecord = z.infer<typeof stageRecord>;

const gateRecord = z.object({
  passed: z.boolean(),
  checks: z.array(z.object({ name: z.string(), passed: z.boolean(), sentence: z.string() })),
});

/** The stages in a RefreshRun row, in their order. What is none is left out. */
export const readStages = (stored: unknown): StageRecord[] =>
  (Array.isArray(stored) ? stored : []).flatMap((value) => stageRecord.safeParse(value).data ?? []);

/** What the gate said in a RefreshRun row; undefined before it has. */
export const readGate = (stored: unknown) => gateRecord.safeParse(stored).data;

/** `held`: nothing failed, but a person or better data must come first. */
export type StepState = 'done' | 'busy' | 'waiting' | 'failed' | 'held';

export interface Step {
  title: string;
  state: StepState;
  /** Undefined while it has not ended, and where nothing was done. */
  tookMs: number | undefined;
  lines: string[];
}

/** A RefreshRun row, as far as its picture needs it. */
export interface PicturedRun {
  status: 'queued' | 'running' | 'done' | 'failed';
  stages: unknown;
  gate: unknown;
  promoted: boolean;
  error: string | null;
  snapshot: { number: number; interactions: number; users: number; items: number } | null;
  /** The version that came of it. */
  version: number | null;
  /** The champion now. */
  champion: number | null;
  /** Whether the version has been the champion. */
  wasChampion: boolean;
}

/** The picture's steps, and the pipeline's stages that each stands for. */
const steps: { title: string; stages: string[] }[] = [
  { title: 'Data in', stages: ['data'] },
  { title: 'Snapshot', stages: [] },
  { title: 'Train', stages: ['measure', 'refit', 'index'] },
  { title: 'Gate', stages: ['gate', 'shadow'] },
  { title: 'Serve', stages: [] },
];
const train = 2;

/** Stages by the step that they belong to; one that the picture does not know belongs to the one before it. */
function byStep(stages: StageRecord[]): StageRecord[][] {
  const groups: StageRecord[][] = steps.map(() => []);
  let at = 0;
  for (const stage of stages) {
    const known = steps.findIndex(({ stages: names }) => names.includes(stage.name));
    at = known >= 0 ? known : at;
    groups[at]!.push(stage);
  }
  return groups;
}

function took(stages: StageRecord[]): number | undefined {
  if (stages.length === 0 || stages.some(({ finishedAt }) => finishedAt === null)) return undefined;
  return stages.reduce((sum, { startedAt, finishedAt }) => sum + finishedAt!.getTime() - startedAt.getTime(), 0);
}

/** A refresh as five steps: data in → snapshot → train → gate → serve. */
export function stepsOf(run: PicturedRun): Step[] {
  const groups = byStep(readStages(run.stages));
  const reached = groups.findLastIndex((group) => group.length > 0);
  return steps.map(({ title }, at) => {
    const group = groups[at]!;
    const isTold = group.length > 0;
    if (title === 'Serve') return serving(run, took(group));
    if (title === 'Data in' && isTold) {
      return { title, state: stateOf(run, title, at - reached), tookMs: took(group), lines: foldedIn(group) };
    }
    if (!isTold && at < reached && at < train)
      return { title, state: 'done', tookMs: undefined, lines: [dataOf(run, title)] };
    const lines = group.flatMap(({ sentence }) => sentence || []);
    return { title, state: stateOf(run, title, at - reached), tookMs: took(group), lines };
  });
}

/** @param ahead steps that this one lies before (below 0) or behind (above 0) the one that was reached last */
function stateOf({ status, gate }: PicturedRun, title: string, ahead: number): StepState {
  if (ahead > 0 || status === 'queued') return 'waiting';
  if (ahead === 0 && status !== 'done') return status === 'failed' ? 'failed' : 'busy';
  return title === 'Gate' && readGate(gate)?.passed === false ? 'held' : 'done';
}

/** What was logged and became data. */
function foldedIn([stage]: StageRecord[]): string[] {
  const { sentence, finishedAt, state } = stage!;
  if (finishedAt === null) return [];
  if (state.folded === undefined) return [sentence];
  return [state.folded === 0 ? 'Nothing new was logged.' : `${formatCount(state.folded)} events became data.`];
}

/** The data that a run learns from. */
function dataOf({ snapshot }: PicturedRun, title: string): string {
  if (title === 'Data in') return 'Nothing new was taken in.';
  if (snapshot === null) return 'The dataset as it was.';
  const { number, interactions, users, items } = snapshot;
  return `Snapshot ${number}: ${formatCount(interactions)} interactions of ${formatCount(users)} shoppers with ${formatCount(items)} items.`;
}

/** Whether a later version is the champion, so that nobody need decide about this one. */
export const isPassedOver = ({ version, champion }: Pick<PicturedRun, 'version' | 'champion'>): boolean =>
  version !== null && champion !== null && version < champion;

/** What became of the version. */
function serving(run: PicturedRun, tookMs: number | undefined): Step {
  const { status, promoted, version, champion, wasChampion } = run;
  const step = (state: StepState, ...lines: string[]): Step => ({ title: 'Serve', state, tookMs, lines });
  if (status === 'failed') return step('waiting', 'What served goes on.');
  if (status !== 'done') return step('waiting');
  if (version !== null && version === champion) return step('done', `Version ${version} is the champion.`);
  if (promoted || wasChampion)
    return step('done', `Version ${version ?? '?'} became the champion; now it is ${champion ?? 'none'}.`);
  if (readGate(run.gate)?.passed && isPassedOver(run)) {
    return step('held', `Version ${version} was not promoted: version ${champion} is the champion.`);
  }
  return readGate(run.gate)?.passed
    ? step('held', `Version ${version ?? '?'} waits for somebody to promote it.`)
    : step('held', `Version ${version ?? '?'} is held back: what served goes on.`);
}
