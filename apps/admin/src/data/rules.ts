import type { Dataset, Rule } from '@duet/db';
import { factorOf, listRules } from '@duet/ranking/rules';
import { titlesOf } from './datasets/datasets.ts';
import { database } from './services.ts';

export type ListedRule = Rule & { title: string };

/** What a rule does, in words. */
export function ruleEffect(rule: Pick<Rule, 'kind' | 'place' | 'factor'>): string {
  if (rule.kind === 'pin') return `at place ${rule.place}`;
  return rule.kind === 'block' ? 'never shown' : `score × ${factorOf(rule)}`;
}

/**
 * The rules of a dataset, each with the title of the item that it concerns, and the categories that one can be about.
 */
export async function rulesOf({ id }: Dataset): Promise<{ rules: ListedRule[]; categories: string[] }> {
  const db = await database();
  const [rules, categories] = await Promise.all([
    listRules(db, id),
    db.prisma.category.findMany({ where: { datasetId: id }, select: { name: true }, orderBy: { name: 'asc' } }),
  ]);
  const titles = await titlesOf(
    id,
    rules.flatMap(({ itemId }) => itemId ?? []),
  );
  return {
    rules: rules.map((rule) => ({ ...rule, title: titles.get(rule.itemId ?? '') ?? '' })),
    categories: categories.map(({ name }) => name),
  };
}
