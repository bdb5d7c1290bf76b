import type { JudgedDay, UserDay } from './next-day.ts';

export interface Row {
  policy: string;
  /** YYYY-MM-DD, or "all" days together. */
  day: string;
  metric: string;
  value: number;
  /** 95 % over users; both the value where there is one alone. */
  low: number;
  high: number;
}

const measures: Record<string, (user: UserDay) => number | undefined> = {
  'HR@50': ({ hit }) => hit,
  MRR: ({ reciprocalRank }) => reciprocalRank,
  'HR@50 new': ({ onNew }) => onNew?.hit,
  'MRR new': ({ onNew }) => onNew?.reciprocalRank,
};

function rowOf(about: Pick<Row, 'policy' | 'day' | 'metric'>, values: readonly number[]): Row[] {
  if (values.length === 0) return [];
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const half = n < 2 ? 0 : 1.959964 * Math.sqrt(squares / (n - 1) / n);
  return [{ ...about, value: mean, low: mean - half, high: mean + half }];
}

export type Days = readonly { day: string; judged: JudgedDay }[];

/** What a policy is worth beside another, by the differences of the same users on the same days. */
export function differencesOf(policy: string, days: Days, frozen: Days): Row[] {
  return (['HR@50', 'MRR', 'HR@50 new'] as const).flatMap((metric) => {
    const of = measures[metric]!;
    const differences = days.flatMap(({ judged }, at) =>
      judged.users.flatMap((user, u) => {
        const [mine, theirs] = [of(user), of(frozen[at]!.judged.users[u]!)];
        return mine === undefined || theirs === undefined ? [] : [mine - theirs];
      }),
    );
    return rowOf({ policy, day: 'all', metric: `${metric} over frozen` }, differences);
  });
}

/** The rows of a policy: each day's, then those of all days together. */
export function rowsOf(policy: string, days: Days): Row[] {
  const all = { day: 'all', users: days.flatMap(({ judged }) => judged.users) };
  const each = [...days.map(({ day, judged }) => ({ day, users: judged.users })), all];
  const ofUsers = each.flatMap(({ day, users }) =>
    Object.entries(measures).flatMap(([metric, of]) =>
      rowOf(
        { policy, day, metric },
        users.flatMap((user) => of(user) ?? []),
      ),
    ),
  );
  const coverage = days.flatMap(({ judged }) => judged.newCoverage ?? []);
  return [...ofUsers, ...rowOf({ policy, day: 'all', metric: 'new items shown' }, coverage)];
}
