import type { Interval } from '@duet/statistics';

/** Markup that may stand in a page as it is. Everything else that {@link html} is handed is text. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Markup | null | false | readonly Part[];

const rendered = (part: Part): string => {
  if (part === null || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(rendered).join('');
  return String(part).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
};

export const html = (strings: TemplateStringsArray, ...parts: Part[]): Markup =>
  new Markup(strings.reduce((page, text, i) => page + rendered(parts[i - 1] ?? '') + text));

export const orDash = (value: number | null | undefined, show: (value: number) => string): string =>
  value === null || value === undefined ? '–' : show(value);

export const range = ({ low, high }: Interval, show: (value: number) => string): string =>
  low === null || high === null ? '–' : `${show(low)} to ${show(high)}`;

export const headings = (names: readonly string[]) =>
  names.map((name) => html`<th scope="col"${name === 'Arm' && new Markup(' class="text"')}>${name}</th>`);
export const figure = (label: string, value: string) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
export const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);
