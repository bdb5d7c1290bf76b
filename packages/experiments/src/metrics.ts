/** What is summed for every user: the columns that metrics are made of. `buyers` is 1 for a user with an order. */
export const userColumns = ['impressions', 'clicks', 'orders', 'gmvMinor', 'buyers'] as const;
export type UserColumn = (typeof userColumns)[number];

export interface Metric {
  key: string;
  /** As it stands in a sentence. */
  title: string;
  unit: 'share' | 'count' | 'minor';
  numerator: UserColumn;
  /** A ratio of sums; over `users` it is a mean per user. */
  denominator: UserColumn | 'users';
  /** The arm's interval: Student's t, or Wilson's for a share of users. */
  interval: 'student' | 'wilson';
}

/** Every metric of a report. A new one is one line here, and in `userColumns` where it needs another sum. */
export const metrics = [
  {
    key: 'ctr',
    title: 'click-through rate',
    unit: 'share',
    numerator: 'clicks',
    denominator: 'impressions',
    interval: 'student',
  },
  {
    key: 'gmvPerUser',
    title: 'GMV per user',
    unit: 'minor',
    numerator: 'gmvMinor',
    denominator: 'users',
    interval: 'student',
  },
  {
    key: 'conversion',
    title: 'share of users who order',
    unit: 'share',
    numerator: 'buyers',
    denominator: 'users',
    interval: 'wilson',
  },
  {
    key: 'ordersPerUser',
    title: 'orders per user',
    unit: 'count',
    numerator: 'orders',
    denominator: 'users',
    interval: 'student',
  },
] as const satisfies readonly Metric[];

export type MetricKey = (typeof metrics)[number]['key'];
