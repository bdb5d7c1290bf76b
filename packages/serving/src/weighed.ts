import { factorOf, type RulesInForce } from '@duet/ranking';
import type { Retrieved } from './search.ts';

/** A retrieved item with what the shop's boosts and buries do to it. */
export interface Weighed extends Retrieved {
  /** From 1. */
  retrievalRank: number;
  /** The product of their factors over the rank. */
  weight: number;
  /** Ids of the rules that concern it. */
  rules: string[];
}

/**
 * Moves items by a factor on 1 / rank, as where there is no ranker: a factor says nothing of a score that may be below
 * zero. Where no rule concerns any of them their order stays.
 */
export function weighed(retrieved: readonly Retrieved[], { weighing }: RulesInForce): Weighed[] {
  const items = retrieved.map(({ item, score }, place) => {
    const rules = weighing?.(item) ?? [];
    const factor = rules.reduce((product, rule) => product * factorOf(rule), 1);
    const weight = factor / (place + 1);
    return { item, score, retrievalRank: place + 1, weight, rules: rules.map(({ id }) => id) };
  });
  if (items.some(({ rules }) => rules.length > 0)) {
    items.sort((a, b) => b.weight - a.weight || a.retrievalRank - b.retrievalRank);
  }
  return items;
}
