import { table } from '../bench.ts';
import type { Analysis, Summary } from './analysis.ts';
import type { Plan } from './plan.ts';
import { type Chart, svg } from './plot.ts';
import type { Interval } from './statistics.ts';

const four = (x: number): string => x.toFixed(4);
const range = ({ value, low, high }: Interval, factor = 1): string =>
  `${four(factor * value)} [${four(factor * low)}, ${four(factor * high)}]`;
/** The paper prints ten times the MRR. */
const mrrFactor = 10;
const fileName = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');

/** Rows in the plan's order, with the best of each column in bold; models that have no outcome are left out. */
function modelTable(models: Summary[]): string {
  const columns: [string, (summary: Summary) => Interval | undefined, (interval: Interval) => string][] = [
    ['HR@50', ({ metrics }) => metrics['HR@50'], (x) => range(x)],
    ['HR@100', ({ metrics }) => metrics['HR@100'], (x) => range(x)],
    ['MRR × 10', ({ metrics }) => metrics.MRR, (x) => range(x, mrrFactor)],
    ['Recall@50', ({ metrics }) => metrics['Recall@50'], ({ value }) => four(value)],
    ['NDCG@50', ({ metrics }) => metrics['NDCG@50'], ({ value }) => four(value)],
    ['Coverage@50', ({ metrics }) => metrics['Coverage@50'], ({ value }) => value.toFixed(3)],
  ];
  const best = columns.map(([, of]) => Math.max(...models.map((model) => of(model)?.value ?? 0)));
  const rows = models.map((model) => [
    model.model,
    ...columns.map(([, of, print], c) => {
      const interval = of(model)!;
      return interval.value === best[c] ? `**${print(interval)}**` : print(interval);
    }),
    model.metrics['ARP@50']!.value.toFixed(0),
    model.metrics['Gini@50']!.value.toFixed(3),
    model.seeds,
    model.seconds.toFixed(0),
  ]);
  return table(['', ...columns.map(([name]) => name), 'ARP@50', 'Gini@50', 'seeds', 'seconds'], rows);
}

const known = ({ models }: Analysis, names: string[]): Summary[] => names.flatMap((name) => models.get(name) ?? []);

function comparisonTable({ comparisons }: Analysis): string {
  const rows = comparisons.map(({ metric, model, than, adjusted, ...difference }) => [
    `${model} − ${than}`,
    metric,
    range(difference),
    adjusted < 0.01 ? adjusted.toExponential(0) : adjusted.toFixed(2),
    adjusted >= 0.05 ? 'no difference shown' : difference.value > 0 ? `${model} is better` : `${than} is better`,
  ]);
  return table(['', 'metric', 'difference [95 % interval]', 'p (Holm)', ''], rows);
}

/** The largest category against the smallest that has enough users to say anything, and against all but the largest. */
function categoryTable(models: Summary[]): string | undefined {
  const enough = 30;
  const rows = models.flatMap(({ model, byCategory }) => {
    const counted = byCategory.filter(({ users }) => users >= enough);
    const [largest, smallest] = [counted[0], counted.at(-1)];
    if (!largest || !smallest || largest === smallest) return [];
    const others = counted.slice(1);
    const mean = others.reduce((sum, { value }) => sum + value, 0) / others.length;
    const name = (one: typeof largest) => `${one.category} (${one.users})`;
    return [[model, name(largest), range(largest), name(smallest), range(smallest), four(mean)]];
  });
  const head = ['', 'largest (users)', 'HR@50', 'smallest (users)', 'HR@50', 'mean of all but the largest'];
  return rows.length > 0 ? table(head, rows) : undefined;
}

function bandTable(models: Summary[], group: 'byHistory' | 'byPopularity'): string {
  const bands = models[0]![group].map(({ band, users }) => `${band} (${users})`);
  const rows = models.map((model) => [model.model, ...model[group].map(({ value }) => four(value))]);
  return table(['', ...bands], rows);
}

function coldTable(models: Summary[], part: 'coldItems' | 'coldUsers', title: string): string[] {
  const rows = models.flatMap(({ model, [part]: cold }) => (cold ? [[model, cold.users, four(cold.value)]] : []));
  return rows.length > 0 ? [title, table(['', 'users', 'HR@50'], rows)] : [];
}

function datasetReport(analysis: Analysis, plan: Plan): string {
  const { dataset, split, users, facts } = analysis;
  const models = known(analysis, plan.table);
  const whole = (x: number) => x.toLocaleString('en');
  const sections = [
    `## ${dataset}, ${split}`,
    `${whole(facts.users)} users, ${whole(facts.items)} items, ${whole(facts.interactions)} interactions; ${whole(users)} users are evaluated.`,
  ];
  if (models.length > 0) {
    const categories = categoryTable(models);
    sections.push(
      modelTable(models),
      ...(analysis.comparisons.length > 0 ? ['### Tests', comparisonTable(analysis)] : []),
      ...(categories ? ['### HR@50 of the largest category and the smallest', categories] : []),
      '### HR@50 by distinct items that the user had in training (users)',
      bandTable(models, 'byHistory'),
      '### HR@50 by how many users had the target in training (users)',
      bandTable(models, 'byPopularity'),
      ...coldTable(models, 'coldItems', '### HR@50 of items that nobody had in training'),
      ...coldTable(models, 'coldUsers', '### HR@50 of users with too little training to be among those above'),
    );
  }
  const ablation = known(analysis, plan.ablation);
  if (ablation.length > 1) sections.push('### Ablation', modelTable(ablation));
  const sweep = Object.entries(plan.sweep).flatMap(([dims, name]) => {
    const model = analysis.models.get(name);
    return model ? [[dims, range(model.metrics['HR@100']!), range(model.metrics.MRR!, mrrFactor)]] : [];
  });
  if (sweep.length > 1) {
    sections.push('### Augmented dimensions', table(['dimensions', 'HR@100', 'MRR × 10'], sweep));
  }
  for (const [name, { title }] of charts(analysis, plan)) sections.push(`![${title}](${name})`);
  return sections.join('\n\n');
}

/** The readable account of all datasets. */
export function report(analyses: Analysis[], plan: Plan): string {
  const about =
    'Every model ranks the whole catalogue for every evaluated user; what the user had in training is left out; ties go to the lower item row. Values are means over seeds; [intervals] are 95 %, by 2000 resamples of users and seeds. Tests resample the same users for both models (paired) and are adjusted by Holm over all comparisons of a metric on a dataset. ARP is the mean popularity (users in training) of the items in the lists; Gini is that of how often items are shown. Seconds are of one training and evaluation, on a machine that does other jobs beside it.';
  return [about, ...analyses.map((analysis) => datasetReport(analysis, plan))].join('\n\n');
}

/** Charts by file name. */
function charts(analysis: Analysis, plan: Plan): [string, Chart][] {
  const { dataset, models } = analysis;
  const found: [string, Chart][] = [];
  const sweep = Object.entries(plan.sweep).filter(([, name]) => models.has(name));
  if (sweep.length > 1) {
    for (const metric of ['HR@100', 'MRR']) {
      const points = sweep.map(([, name]) => models.get(name)!.metrics[metric]!);
      found.push([
        `quality-${fileName(dataset)}-dimensions-${fileName(metric)}.svg`,
        {
          title: `${metric} by augmented dimensions, ${dataset}`,
          places: sweep.map(([dims]) => dims),
          xLabel: 'dimensions of a_u and a_v',
          yLabel: metric,
          series: [{ name: 'DAT', points }],
          kind: 'lines',
        },
      ]);
    }
  }
  const compared = known(analysis, plan.categories).filter(({ byCategory }) => byCategory.length > 1);
  if (compared.length > 1) {
    const places = compared[0]!.byCategory.map(({ category, users }) => `${category} (${users})`);
    const series = compared.map(({ model, byCategory }) => ({ name: model, points: byCategory }));
    found.push([
      `quality-${fileName(dataset)}-categories.svg`,
      {
        title: `HR@50 by category, largest first, ${dataset}`,
        places,
        xLabel: 'category (users with a target in it)',
        yLabel: 'HR@50',
        series,
        kind: 'bars',
      },
    ]);
  }
  return found;
}

export const plots = (analyses: Analysis[], plan: Plan): [string, string][] =>
  analyses.flatMap((analysis) => charts(analysis, plan).map(([name, chart]): [string, string] => [name, svg(chart)]));
