import type { RetrieveAnswer } from '@duet/client';
import type { Dataset } from '@duet/db';
import { factorOf } from '@duet/ranking/rules';
import { type Attempt, attempt } from '#data/problem.ts';
import { ruleEffect, rulesOf } from '#data/rules.ts';
import { retrieval } from '#data/services.ts';
import { placesBeforeRules } from './places.ts';
import { type ServedModel, servedModels } from './playground.ts';

/** An item of a list as the shop shows it, and how it came to its place. Places are from 1. */
export interface ShownItem {
  item: RetrieveAnswer['items'][number];
  place: number;
  /** After ranking, before rules; null of one that only a pin brought in. */
  rankedPlace: number | null;
  /** The rules that moved it, in words. */
  rules: string[];
  /** Where each model that runs would have retrieved it; rank undefined where it is not among its first hundred. */
  elsewhere: {
    model: { id: string; name: string; kind: string };
    rank: number | undefined;
    score: number | undefined;
  }[];
}

export interface ShownList {
  answer: RetrieveAnswer;
  items: ShownItem[];
}

/** A shop shows a few; the places before the rules are told among as many as may be asked for. */
const [asked, shown] = [100, 24];

/** A shopper's list as the shop gets it now: the arm or deployment answers, the ranker orders, the rules are kept. */
export const shownList = (dataset: Dataset, userId: string, placement: string): Promise<Attempt<ShownList>> =>
  attempt(async () => {
    const client = await retrieval(dataset.name);
    const [answer, { rules }, models] = await Promise.all([
      client.retrieve({ userId, k: asked, ...(placement !== '' && { placement }) }),
      rulesOf(dataset),
      servedModels(dataset.id),
    ]);
    const rivals = rivalsOf(models, answer);
    const lists = await Promise.all(
      rivals.map(({ id }) => client.retrieve({ userId, k: asked, modelId: id, rank: false })),
    );
    const known = new Map(rules.map((rule) => [rule.id, rule]));
    const moved = answer.items.map((item) => item.rules.flatMap((id) => known.get(id) ?? []));
    const factor = (of: (typeof moved)[number]) =>
      of.reduce((product, rule) => product * (rule.kind === 'boost' || rule.kind === 'bury' ? factorOf(rule) : 1), 1);
    const before = placesBeforeRules(answer.items.map((item, i) => ({ ...item, factor: factor(moved[i]!) })));
    const items = answer.items.slice(0, shown).map((item, i) => ({
      ...{ item, place: i + 1, rankedPlace: before[i]! },
      rules: moved[i]!.map(
        (rule) => `${rule.kind} ${rule.category ?? (rule.title || rule.itemId)}: ${ruleEffect(rule)}`,
      ),
      elsewhere: rivals.map((model, at) => {
        const found = lists[at]!.items.find(({ itemId }) => itemId === item.itemId);
        return { model, rank: found?.retrievalRank ?? undefined, score: found?.retrievalScore ?? undefined };
      }),
    }));
    return { answer, items };
  });

/** The models of running arms; where there are none, the one that answered. Two at most. */
function rivalsOf(models: ServedModel[], answer: RetrieveAnswer) {
  const running = models.filter(({ arms }) => arms.length > 0);
  const rivals = running.length > 0 ? running : models.filter(({ id }) => id === answer.model?.id);
  return rivals.slice(0, 2).map(({ id, name, kind }) => ({ id, name, kind }));
}
