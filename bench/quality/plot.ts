/** A point with its 95 % interval. */
export interface Point {
  value: number;
  low: number;
  high: number;
}

export interface Chart {
  title: string;
  /** Names of the places on the horizontal axis. */
  places: string[];
  xLabel: string;
  yLabel: string;
  /** One point a place; a place without one is left empty. */
  series: { name: string; points: (Point | undefined)[] }[];
  /** Points joined by lines, or bars beside each other. */
  kind: 'lines' | 'bars';
}

/** Okabe and Ito's colours, told apart by the colour-blind too. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#555555'];

const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const round = (x: number): string => String(Math.round(x * 10) / 10);

/** Steps of 1, 2 or 5 × a power of ten that cover low … high in about five. */
export function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const count = Math.ceil(high / step - 1e-9) - first;
  return Array.from({ length: count + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** A chart as an SVG document that reads on light and dark pages. */
export function svg({ title, places, xLabel, yLabel, series, kind }: Chart): string {
  const slanted = places.some((name) => name.length > 8);
  const [width, height] = [Math.max(560, 130 + places.length * 44), slanted ? 420 : 340];
  const box = { left: slanted ? 110 : 70, right: width - 20, top: 56, bottom: height - (slanted ? 140 : 60) };
  const points = series.flatMap((one) => one.points.filter((point) => point !== undefined));
  const marks = ticks(
    kind === 'bars' ? 0 : Math.min(...points.map(({ low }) => low)),
    Math.max(...points.map(({ high }) => high)),
  );
  const [bottom, top] = [marks[0]!, marks.at(-1)!];
  const y = (value: number) => box.bottom - ((value - bottom) / (top - bottom)) * (box.bottom - box.top);
  const place = (box.right - box.left) / places.length;
  const middle = (i: number) => box.left + (i + 0.5) * place;
  const bar = (0.8 * place) / series.length;
  const x = (i: number, s: number) => middle(i) + (kind === 'bars' ? (s - (series.length - 1) / 2) * bar : 0);

  const parts: string[] = [];
  const line = (x1: number, y1: number, x2: number, y2: number, style: string) =>
    parts.push(`<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ${style}/>`);
  const text = (at: [number, number], content: string, style = '') =>
    parts.push(`<text x="${round(at[0])}" y="${round(at[1])}" ${style}>${escapeXml(content)}</text>`);
  for (const mark of marks) {
    line(box.left, y(mark), box.right, y(mark), 'stroke="#dddddd"');
    text([box.left - 8, y(mark) + 4], String(mark), 'text-anchor="end"');
  }
  places.forEach((name, i) => {
    const [px, py] = [middle(i), box.bottom + 18];
    const style = slanted
      ? `text-anchor="end" transform="rotate(-40 ${round(px)} ${round(py)})"`
      : 'text-anchor="middle"';
    text([px, py], name, style);
  });
  series.forEach(({ name, points: seriesPoints }, s) => {
    const colour = colours[s % colours.length]!;
    const known = seriesPoints.flatMap((point, i) => (point ? [{ ...point, i }] : []));
    if (kind === 'lines') {
      const path = known.map(({ value, i }) => `${round(x(i, s))},${round(y(value))}`).join(' ');
      parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    }
    for (const { value, low, high, i } of known) {
      if (kind === 'bars') {
        const h = y(bottom) - y(value);
        parts.push(
          `<rect x="${round(x(i, s) - bar / 2)}" y="${round(y(value))}" width="${round(bar * 0.92)}" height="${round(h)}" fill="${colour}" fill-opacity="0.75"/>`,
        );
      } else parts.push(`<circle cx="${round(x(i, s))}" cy="${round(y(value))}" r="4" fill="${colour}"/>`);
      const stroke = `stroke="${kind === 'bars' ? '#222222' : colour}" stroke-width="1.2"`;
      line(x(i, s), y(low), x(i, s), y(high), stroke);
      for (const end of [low, high]) line(x(i, s) - 3, y(end), x(i, s) + 3, y(end), stroke);
    }
    const at = box.left + s * 150;
    parts.push(`<rect x="${at}" y="34" width="12" height="12" fill="${colour}"/>`);
    text([at + 18, 44], name);
  });
  text([box.left, 20], title, 'font-weight="bold" font-size="14"');
  text([(box.left + box.right) / 2, height - 12], xLabel, 'text-anchor="middle"');
  text(
    [16, (box.top + box.bottom) / 2],
    yLabel,
    `text-anchor="middle" transform="rotate(-90 16 ${(box.top + box.bottom) / 2})"`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12" fill="#222222">`,
    `<title>${escapeXml(title)}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    ...parts,
    '</svg>\n',
  ].join('\n');
}
