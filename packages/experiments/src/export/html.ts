import type { Interval } from '@duet/statistics';
import {
  formatChange,
  formatCount,
  formatDay,
  formatFigure,
  formatLevel,
  formatMoney,
  formatPercent,
  formatProbability,
} from '../report/figures.ts';
import type { ArmReport, Report, ReportMetric } from '../report/shape.ts';
import { capital, figure, headings, html, Markup, orDash, range } from './markup.ts';
import { pageStyle } from './page-style.ts';
import { armColors, liftPlot, liftScale } from './plot.ts';

/**
 * The report as one file that stands for itself: no script, no font, no picture from elsewhere, which its own content
 * security policy makes sure of. Prints on A4.
 */
export function reportHtml(report: Report): string {
  const { experiment, arms, options } = report;
  const level = formatLevel(options.level);
  const { interleaving } = report;
  const users = interleaving?.users ?? arms.reduce((sum, arm) => sum + arm.users, 0);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${experiment.name}: report</title>
<style>${new Markup(pageStyle)}</style>
</head>
<body>
${experiment.simulated && html`<p class="simulated"><strong>Simulated.</strong> These shoppers are a program: nothing here says what real ones would do.</p>`}
<header>
<h1>${experiment.name}</h1>
<p class="quiet">${about(report)}</p>
</header>
<section class="finding">
<p>${report.finding}</p>
${report.caveats.length > 0 && html`<ul>${report.caveats.map((caveat) => html`<li>${caveat}</li>`)}</ul>`}
</section>
${decision(report)}
<dl class="figures">
${figure('Shoppers exposed', formatCount(users))}
${interleaving === null && figure('Split as planned', report.srm.p === null ? 'no data' : `${report.srm.warning ? 'no' : 'yes'} (p ${formatProbability(report.srm.p)})`)}
${interleaving === null && figure('Saw two arms, left out', orDash(report.usersInTwoArms, formatCount))}
${figure('Bots and test users, left out', orDash(report.excludedUsers, formatCount))}
</dl>
${interleaving && interleaved(report, interleaving, level)}
${users > 0 && !interleaving && plots(report, level)}
${users > 0 && !interleaving && arms.some((arm) => !arm.control && arm.weight > 0) && scorecard(report, level)}
${guardrails(report)}
${interleaving === null && armsTable(report)}
${breakdowns(report)}
${daily(report)}
<footer>
<p>The shopper is the unit: ratios by the delta method, differences by Welch’s test, relative lifts by ${options.liftMethod === 'fieller' ? 'Fieller’s theorem' : 'the delta method'}, confidence sequences after Waudby-Smith et al. (2024), the split by a χ² test. A click counts within ${options.clickWindowHours} hours of the impression, an order within ${options.orderWindowDays} days of the last exposure. Intervals are of level ${level}.</p>
<p>Made by Duet at ${report.madeAt.replace('T', ' ').slice(0, 16)} UTC${report.through && ` from what had arrived by ${report.through.replace('T', ' ').slice(0, 16)} UTC`}. Experiment ${experiment.id}.</p>
</footer>
</body>
</html>
`;
  return page.text;
}

function about({ experiment, arms, phase, phases, segment }: Report): string {
  return [
    arms.map(({ name }) => name).join(' against '),
    experiment.status,
    phases.length > 1 && `phase ${phase} of ${phases.length}`,
    experiment.startedAt && `started ${formatDay(experiment.startedAt)}`,
    experiment.stoppedAt && `stopped ${formatDay(experiment.stoppedAt)}`,
    experiment.plannedEndAt && `planned end ${formatDay(experiment.plannedEndAt)}`,
    segment && `only ${segment.dimension} ${segment.value}`,
  ]
    .filter(Boolean)
    .join(' · ');
}

function decision({ experiment: { decision } }: Report): Markup | null {
  if (decision === null) return null;
  const { arm, by, at, note } = decision;
  return html`<section><h2>Decision</h2><p><strong>${arm === null ? 'No arm was chosen' : `${arm} was chosen`}</strong> by ${by} on ${formatDay(at)}.${note !== '' && ` ${note}`}</p></section>`;
}

function plots({ experiment, metrics, arms, series, plannedDay, championChanges }: Report, level: string): Markup {
  const metric = metrics.find(({ key }) => key === experiment.primaryMetric) ?? metrics[0]!;
  const lines = series.filter((line) => line.metric === metric.key && line.points.length > 0);
  const scale = liftScale(lines.map(({ points }) => points));
  return html`<section>
<h2>Lift of the ${metric.title}, all days up to each</h2>
<p class="quiet">The band is the ${level} confidence sequence, which holds at every look.${plannedDay && ` The dashed line is the planned end, the only day for which the fixed-horizon interval, the dark stroke, is valid.`}${championChanges.length > 0 && ' A triangle on the axis is a day on which the arm, or control, began to serve another version.'}</p>
${lines.map(({ armId, points }) => {
  const place = arms.findIndex(({ id }) => id === armId);
  const title = `${arms[place]!.name}: cumulative lift of the ${metric.title} by day`;
  const control = arms.find((arm) => arm.control)?.id;
  const changes = championChanges
    .filter((change) => change.armId === armId || change.armId === control)
    .map((change) => ({
      day: change.day,
      says: `${arms.find(({ id }) => id === change.armId)!.name}: version ${change.version}`,
    }));
  return html`<figure><figcaption>${arms[place]!.name}</figcaption>${new Markup(
    liftPlot({ title, points, plannedDay, changes, color: armColors[place % armColors.length]!, scale }),
  )}</figure>`;
})}
</section>`;
}

function scorecard({ arms, metrics, experiment, currency, basis }: Report, level: string): Markup {
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter((arm) => !arm.control && arm.weight > 0);
  const judged = basis === 'sequence' ? 'always-valid' : 'fixed-horizon';
  const row = ({ key, title, unit }: ReportMetric, arm: ArmReport) => {
    const show = (value: number) => formatFigure(value, unit, currency);
    const lift = arm.lift![key]!;
    const { cuped } = lift;
    return html`<tr${key === experiment.primaryMetric && new Markup(' class="primary"')}><th scope="row">${capital(title)}</th>${treatments.length > 1 && html`<td class="text">${arm.name}</td>`}
<td>${orDash(control?.metrics[key]?.value, show)}</td><td>${orDash(arm.metrics[key]!.value, show)}</td><td>${orDash(lift.relative.value, formatChange)}</td>
<td>${range(lift.sequence.relative, formatChange)}</td><td>${range(lift.relative, formatChange)}</td><td>${orDash(basis === 'sequence' ? lift.sequence.adjustedP : lift.adjustedP, formatProbability)}</td>
<td>${orDash(cuped?.relative.value, formatChange)}</td><td>${orDash(lift.bayes?.chanceToWin, (share) => formatPercent(share))}</td></tr>`;
  };
  return html`<section>
<h2>Every metric</h2>
<p class="quiet">p is ${judged}${treatments.length > 1 && ', after Holm’s correction for the arms'}. Fixed-horizon intervals are valid at the planned end only. CUPED takes out what shoppers did before. The chance to be better is Bayesian, with a prior of no effect.</p>
<table>
<thead><tr>${headings(['Metric', ...(treatments.length > 1 ? ['Arm'] : []), control?.name ?? 'Control', treatments.length > 1 ? 'Value' : treatments[0]!.name, 'Lift', `${level} confidence sequence`, `${level} fixed-horizon`, 'p', 'Lift by CUPED', 'Chance to be better'])}</tr></thead>
<tbody>${metrics.map((metric) => treatments.map((arm) => row(metric, arm)))}</tbody>
</table>
</section>`;
}

function armsTable({ arms, currency }: Report): Markup {
  return html`<section>
<h2>Arms</h2>
<table>
<thead><tr>${headings(['Arm', 'Planned', 'Shoppers', 'Impressions', 'Clicks', 'Orders', 'GMV', 'Catalogue shown', 'Answer, 99 %'])}</tr></thead>
<tbody>${arms.map(
    ({ name, control, weight, served, ...counts }) => html`<tr><th scope="row">${name}${control && ' (control)'}</th>
<td>${formatPercent(weight, 0)}</td><td>${formatCount(counts.users)}</td><td>${formatCount(counts.impressions)}</td><td>${formatCount(counts.clicks)}</td><td>${formatCount(counts.orders)}</td><td>${formatMoney(counts.gmvMinor, currency)}</td>
<td>${served && served.catalogue > 0 ? formatPercent(served.itemsShown / served.catalogue) : '–'}</td><td>${orDash(served?.latencyMs?.p99, (ms) => formatFigure(ms, 'ms', currency))}</td></tr>`,
  )}</tbody>
</table>
</section>`;
}

function interleaved(
  { arms, plannedDay }: Report,
  { arms: teams, days, wins, losses, ties, users, ...found }: NonNullable<Report['interleaving']>,
  level: string,
): Markup {
  const name = (id: string) => arms.find((arm) => arm.id === id)?.name ?? id;
  const place = arms.findIndex(({ control, weight }) => !control && weight > 0);
  const treatment = arms[place]?.name ?? 'Treatment';
  // About no preference, as the plot of a lift is about none.
  const above = ({ value, low, high }: Interval): Interval => ({
    value: value === null ? null : value - 0.5,
    low: low === null ? null : low - 0.5,
    high: high === null ? null : high - 0.5,
  });
  const points = days.map(({ day, users, sign, sequence }) => ({
    ...{ day, users, relative: above(sign), p: sign.p, sequence: above(sequence) },
  }));
  const title = `${treatment}: share of the shoppers with a preference above one half, by day`;
  const row = (what: string, { value, p, ...limits }: Interval & { p: number | null }) => {
    const show = (share: number) => formatPercent(share);
    return html`<tr><th scope="row">${what}</th><td>${orDash(value, show)}</td><td>${range({ value, ...limits }, show)}</td><td>${orDash(p, formatProbability)}</td></tr>`;
  };
  return html`<section>
<h2>Share of the shoppers with a preference who prefer ${treatment}, above one half</h2>
<p class="quiet">All days up to each. The band is the ${level} confidence sequence, which holds at every look.</p>
${
  points.length > 0 &&
  html`<figure>${new Markup(
    liftPlot({ title, points, plannedDay, color: armColors[place % armColors.length]!, scale: liftScale([points]) }),
  )}</figure>`
}
</section>
<section>
<h2>Preference</h2>
<table>
<thead><tr>${headings([`${treatment}’s share of`, 'Value', `${level} interval`, 'p'])}</tr></thead>
<tbody>${row(`${formatCount(wins + losses)} shoppers with a preference, at any look`, found.sequence)}
${row('the same, valid at the planned end alone', found.sign)}
${row(`${formatCount(users)} shoppers, the ${formatCount(ties)} without a preference as halves`, found.userPreference)}
${row('the clicks, of which a few shoppers may have most', found.preference)}</tbody>
</table>
</section>
<section>
<h2>Teams</h2>
<table>
<thead><tr>${headings(['Items of', 'Seen', 'Clicked'])}</tr></thead>
<tbody>${teams.map(({ armId, impressions, clicks }) => html`<tr><th scope="row">${name(armId)}</th><td>${formatCount(impressions)}</td><td>${formatCount(clicks)}</td></tr>`)}</tbody>
</table>
</section>`;
}

function guardrails({ guardrails, metrics, arms }: Report): Markup | null {
  if (guardrails.length === 0) return null;
  return html`<section>
<h2>Guardrails</h2>
<table>
<thead><tr>${headings(['Metric', 'Arm', 'May lose', 'Lift', 'State'])}</tr></thead>
<tbody>${guardrails.map(
    ({
      metric,
      armId,
      maxRelativeLoss,
      relative,
      state,
    }) => html`<tr><th scope="row">${capital(metrics.find(({ key }) => key === metric)?.title ?? metric)}</th>
<td>${arms.find(({ id }) => id === armId)?.name ?? armId}</td><td>${formatPercent(maxRelativeLoss)}</td><td>${range(relative, formatChange)}</td><td class="${state}">${state}</td></tr>`,
  )}</tbody>
</table>
</section>`;
}

function breakdowns({ breakdowns, experiment, metrics, arms, currency, options }: Report): readonly Markup[] {
  const metric = metrics.find(({ key }) => key === experiment.primaryMetric) ?? metrics[0]!;
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter((arm) => !arm.control && arm.weight > 0);
  const several = treatments.length > 1;
  const show = (interval: Interval | undefined) =>
    orDash(interval?.value, (value) => formatFigure(value, metric.unit, currency));
  const names = [
    ...(several ? ['Arm'] : []),
    ...[control?.name ?? 'Control', several ? 'Value' : (treatments[0]?.name ?? 'Value'), 'Lift'],
    ...[`${formatLevel(options.level)} interval`, 'p, adjusted', 'p, Holm'],
  ];
  return breakdowns.map(
    ({ dimension, rows }) => html`<section>
<h2>${capital(metric.title)} by ${dimension}</h2>
<p class="quiet">p is adjusted for all rows (Benjamini–Hochberg; Holm beside it). What is found here is worth another experiment, not a decision.</p>
<table>
<thead><tr>${headings([capital(dimension), ...names])}</tr></thead>
<tbody>${rows.map(({ value, arms: own }) =>
      treatments.map(({ id, name }, place) => {
        const of = (armId: string | undefined) => own.find((arm) => arm.armId === armId)?.metrics[metric.key];
        const found = own.find(({ armId }) => armId === id)?.lift?.[metric.key];
        return html`<tr>${place === 0 && html`<th scope="rowgroup" rowspan="${treatments.length}">${value}</th>`}${several && html`<td class="text">${name}</td>`}
<td>${show(of(control?.id))}</td><td>${show(of(id))}</td><td>${orDash(found?.relative.value, formatChange)}</td><td>${found ? range(found.relative, formatChange) : '–'}</td><td>${orDash(found?.adjusted.benjaminiHochberg, formatProbability)}</td><td>${orDash(found?.adjusted.holm, formatProbability)}</td></tr>`;
      }),
    )}</tbody>
</table>
</section>`,
  );
}

function daily({ days, arms, currency }: Report): Markup | null {
  if (days.length === 0) return null;
  return html`<section>
<h2>Day by day</h2>
<table>
<thead><tr>${headings(['Day (UTC)', 'Arm', 'New shoppers', 'Impressions', 'Clicks', 'CTR', 'Orders', 'GMV'])}</tr></thead>
<tbody>${days.map(
    ({
      day,
      armId,
      users,
      impressions,
      clicks,
      ctr,
      orders,
      gmvMinor,
    }) => html`<tr><th scope="row">${formatDay(day)}</th><td class="text">${arms.find(({ id }) => id === armId)?.name ?? armId}</td>
<td>${formatCount(users)}</td><td>${formatCount(impressions)}</td><td>${formatCount(clicks)}</td><td>${orDash(ctr, (share) => formatPercent(share, 2))}</td><td>${formatCount(orders)}</td><td>${formatMoney(gmvMinor, currency)}</td></tr>`,
  )}</tbody>
</table>
</section>`;
}
