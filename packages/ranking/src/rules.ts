import { z } from 'zod';

export const ruleKinds = ['pin', 'boost', 'bury', 'block'] as const;

const text = (most: number) => z.string().trim().min(1).max(most);
const moment = z.coerce.date();

/** A wish of the shop's that every list keeps, whatever arm and model it comes from. */
export const ruleInput = z
  .strictObject({
    /**
     * pin: at a place of recommendations, retrieved or not. boost, bury: its score is multiplied. block: never shown.
     */
    kind: z.enum(ruleKinds),
    /** The shop's id of an item; this or a category. */
    itemId: text(200).nullish(),
    category: text(200).nullish(),
    /** Where it applies, such as "home"; everywhere when left out. */
    placement: text(100).nullish(),
    /** Of a pin: the place, from 1. */
    place: z.coerce.number().int().min(1).max(100).nullish(),
    /** Of boost, above 1; of bury, below 1. */
    factor: z.coerce.number().gt(0).max(1000).nullish(),
    startsAt: moment.nullish(),
    endsAt: moment.nullish(),
    enabled: z.boolean().default(true),
    /** Why, for whoever reads it later. */
    note: z.string().trim().max(500).default(''),
  })
  .superRefine(({ kind, itemId, category, place, factor, startsAt, endsAt }, context) => {
    const bad = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (Boolean(itemId) === Boolean(category)) bad('itemId', 'Name an item or a category, one of the two');
    if (kind === 'pin' && !itemId) bad('itemId', 'Only an item can be pinned');
    if (kind === 'pin' && !place) bad('place', 'A pin needs its place, from 1');
    if (kind !== 'pin' && place) bad('place', 'Only a pin has a place');
    if (kind === 'boost' && !((factor ?? 2) > 1)) bad('factor', 'A boost needs a factor above 1');
    if (kind === 'bury' && !((factor ?? 0.5) < 1)) bad('factor', 'To bury needs a factor below 1');
    if ((kind === 'pin' || kind === 'block') && factor) bad('factor', 'Only boost and bury have a factor');
    if (startsAt && endsAt && startsAt >= endsAt) bad('endsAt', 'It must end after it starts');
  });
export type RuleInput = z.input<typeof ruleInput>;

/** Factors that boost and bury take when none is given. */
const usualFactor = { boost: 2, bury: 0.5 } as const;

/** A rule as lists are made with it; times are ISO 8601, so that it survives JSON. */
export interface RankingRule {
  id: string;
  kind: (typeof ruleKinds)[number];
  itemId: string | null;
  category: string | null;
  placement: string | null;
  place: number | null;
  factor: number | null;
  startsAt: string | null;
  endsAt: string | null;
}

/** What the rules that hold for one request say, by catalogue row. */
export interface RulesInForce {
  blockedItems: ReadonlySet<number>;
  /** Names. */
  blockedCategories: readonly string[];
  /** The boosts and buries that concern an item; undefined where there are none at all. */
  weighing: ((item: number) => readonly RankingRule[]) | undefined;
  /** By place, ascending; of two pins for one place the later made one comes first. None is blocked. */
  pins: readonly { item: number; place: number; rule: RankingRule }[];
}

/** What a boost or bury multiplies a score with. */
export const factorOf = ({ kind, factor }: Pick<RankingRule, 'kind' | 'factor'>): number =>
  factor ?? usualFactor[kind as 'boost' | 'bury'];

interface RuledCatalogue {
  rowOf: ReadonlyMap<string, number>;
  category: Int32Array;
  categories: readonly string[];
}

/** The rules that hold at a placement and moment. Rules about what the catalogue does not have say nothing. */
export function rulesInForce(
  rules: readonly RankingRule[],
  { rowOf, category: categoryOf, categories }: RuledCatalogue,
  { placement, now }: { placement?: string | undefined; now: Date },
): RulesInForce {
  const at = now.getTime();
  const blockedItems = new Set<number>();
  const blockedCategories: string[] = [];
  const ofItem = new Map<number, RankingRule[]>();
  const ofCategory = new Map<number, RankingRule[]>();
  const pins: RulesInForce['pins'][number][] = [];
  for (const rule of rules) {
    const { kind, itemId, category, place, startsAt, endsAt } = rule;
    if (rule.placement !== null && rule.placement !== placement) continue;
    if ((startsAt !== null && at < Date.parse(startsAt)) || (endsAt !== null && at >= Date.parse(endsAt))) continue;
    const item = itemId === null ? undefined : rowOf.get(itemId);
    const group = category === null ? -1 : categories.indexOf(category);
    if (item === undefined && group < 0) continue;
    if (kind === 'pin') pins.push({ item: item!, place: place!, rule });
    else if (kind === 'block' && item !== undefined) blockedItems.add(item);
    else if (kind === 'block') blockedCategories.push(category!);
    else {
      const [weighed, key] = item === undefined ? [ofCategory, group] : [ofItem, item];
      weighed.set(key, [...(weighed.get(key) ?? []), rule]);
    }
  }
  const blocked = (item: number) =>
    blockedItems.has(item) || blockedCategories.includes(categories[categoryOf[item]!] ?? '');
  return {
    blockedItems,
    blockedCategories,
    weighing:
      ofItem.size + ofCategory.size === 0
        ? undefined
        : (item) => [...(ofItem.get(item) ?? []), ...(ofCategory.get(categoryOf[item]!) ?? [])],
    pins: pins.filter(({ item }) => !blocked(item)).sort((a, b) => a.place - b.place),
  };
}

/**
 * Puts pinned items at their places, moving the others down; a pin beyond the end comes last.
 *
 * @param list best first; pinned items in it are moved, not repeated
 * @param pins by place, ascending, with what stands in the list for each
 */
export function withPins<T extends { item: number }>(
  list: readonly T[],
  pins: readonly (T & { place: number })[],
): readonly T[] {
  if (pins.length === 0) return list;
  const first = new Map<number, T & { place: number }>();
  for (const pin of pins) if (!first.has(pin.item)) first.set(pin.item, pin);
  const rest = list.filter(({ item }) => !first.has(item));
  for (const pin of first.values()) rest.splice(pin.place - 1, 0, pin);
  return rest;
}
