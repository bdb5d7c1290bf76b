import { DuetError } from '@duet/base';
import { type Author, type Database, type Prisma, type Rule, writeAudit } from '@duet/db';
import { type RuleInput, ruleInput } from './rules.ts';

export { factorOf, type RuleInput } from './rules.ts';

type Transaction = Prisma.TransactionClient;

const audited = ({ createdAt: _, ...rule }: Rule) => JSON.parse(JSON.stringify(rule)) as object;

/** What a rule's input says, checked against the catalogue. */
async function parse(tx: Transaction, datasetId: string, input: RuleInput): Promise<Prisma.RuleUncheckedCreateInput> {
  const parsed = ruleInput.safeParse(input);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new DuetError('bad-input', `${message}.`, { where: { field: path.join('.') } });
  }
  const { itemId = null, category = null, ...rest } = parsed.data;
  if (itemId !== null && !(await tx.item.findFirst({ where: { datasetId, externalId: itemId } }))) {
    throw new DuetError('not-found', `There is no item ${itemId} in the catalogue.`, { where: { field: 'itemId' } });
  }
  if (category !== null && !(await tx.category.findFirst({ where: { datasetId, name: category } }))) {
    throw new DuetError('not-found', `There is no category "${category}".`, { where: { field: 'category' } });
  }
  return { datasetId, itemId, category, ...rest };
}

/** A dataset's rules, the oldest first. */
export const listRules = ({ prisma }: Database, datasetId: string): Promise<Rule[]> =>
  prisma.rule.findMany({ where: { datasetId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });

/**
 * Makes a rule; the services keep it from their next look at the database on, in every arm.
 *
 * @throws DuetError `bad-input` naming the field, `not-found` for an item or category that the catalogue lacks
 */
export function createRule({ prisma }: Database, datasetId: string, input: RuleInput, author: Author): Promise<Rule> {
  return prisma.$transaction(async (tx) => {
    const rule = await tx.rule.create({
      data: { ...(await parse(tx, datasetId, input)), createdBy: author.actor ?? '' },
    });
    await writeAudit(tx, author, { action: 'create', ...objectOf(rule), before: null, after: audited(rule) });
    return rule;
  });
}

/** Switches a rule on or off. @throws DuetError `not-found` */
export function enableRule({ prisma }: Database, id: string, enabled: boolean, author: Author): Promise<Rule> {
  return prisma.$transaction(async (tx) => {
    const before = await findRule(tx, id);
    const rule = await tx.rule.update({ where: { id }, data: { enabled } });
    const action = enabled ? 'enable' : 'disable';
    await writeAudit(tx, author, { action, ...objectOf(rule), before: audited(before), after: audited(rule) });
    return rule;
  });
}

/** @throws DuetError `not-found` */
export function deleteRule({ prisma }: Database, id: string, author: Author): Promise<void> {
  return prisma.$transaction(async (tx) => {
    const before = await findRule(tx, id);
    await tx.rule.delete({ where: { id } });
    await writeAudit(tx, author, { action: 'delete', ...objectOf(before), before: audited(before), after: null });
  });
}

const objectOf = ({ id }: Rule) => ({ objectKind: 'rule', objectId: id });

async function findRule(tx: Transaction, id: string): Promise<Rule> {
  const isId = /^[0-9a-f-]{36}$/i.test(id);
  const rule = isId ? await tx.rule.findUnique({ where: { id } }) : null;
  if (rule === null) throw new DuetError('not-found', `There is no rule ${id}.`);
  return rule;
}
