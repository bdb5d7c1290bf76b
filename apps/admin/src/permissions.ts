import type { Permission } from '@duet/db/people';

// Who may do what in the admin, all of it: what stands in neither table is refused. What each role may is said in
// packages/db/src/people/roles.ts.

/** What an address or an action wants of who asks: a permission, or nothing of whoever comes (`open`). */
export type Need = Permission | 'open';

/** Pages and routes, as their folders are called. */
export const addresses = {
  '/login': 'open',
  '/login/provider': 'open',
  '/login/provider/callback': 'open',
  '/invitation/[token]': 'open',
  '/reset/[token]': 'open',
  '/api/health': 'open',
  '/': 'see',
  '/[...missing]': 'see',
  '/datasets': 'see',
  '/datasets/[dataset]': 'see',
  '/datasets/[dataset]/data': 'see',
  '/datasets/[dataset]/data/catalogue': 'see',
  '/datasets/[dataset]/data/catalogue/export': 'see',
  '/datasets/[dataset]/data/catalogue/item': 'see',
  '/datasets/[dataset]/data/import': 'see',
  '/datasets/[dataset]/data/import/rejected': 'see',
  '/datasets/[dataset]/data/interactions': 'see',
  '/datasets/[dataset]/data/privacy': 'administer',
  '/datasets/[dataset]/data/privacy/export': 'administer',
  '/datasets/[dataset]/data/settings': 'see',
  '/datasets/[dataset]/experiments': 'see',
  '/datasets/[dataset]/experiments/new': 'analyse',
  '/datasets/[dataset]/experiments/[id]': 'see',
  '/datasets/[dataset]/experiments/[id]/audit': 'see',
  '/datasets/[dataset]/experiments/[id]/breakdowns': 'see',
  '/datasets/[dataset]/experiments/[id]/days': 'see',
  '/datasets/[dataset]/experiments/[id]/download/[format]': 'see',
  '/datasets/[dataset]/experiments/[id]/edit': 'analyse',
  '/datasets/[dataset]/experiments/[id]/setup': 'see',
  '/datasets/[dataset]/health': 'see',
  '/datasets/[dataset]/indexes': 'see',
  '/datasets/[dataset]/lists': 'see',
  '/datasets/[dataset]/lists/[id]/download': 'analyse',
  '/datasets/[dataset]/models': 'see',
  '/datasets/[dataset]/models/[id]': 'see',
  '/datasets/[dataset]/models/runs/[id]': 'see',
  '/datasets/[dataset]/models/train': 'analyse',
  '/datasets/[dataset]/pipeline': 'see',
  '/datasets/[dataset]/pipeline/models/[name]': 'see',
  '/datasets/[dataset]/pipeline/register': 'analyse',
  '/datasets/[dataset]/playground': 'see',
  '/datasets/[dataset]/playground/compare': 'see',
  '/datasets/[dataset]/playground/request': 'see',
  '/datasets/[dataset]/rules': 'see',
  '/imports/[id]': 'see',
  '/imports/new': 'import',
  '/account': 'see',
  '/changes': 'administer',
  '/keys': 'administer',
  '/people': 'administer',
  '/people/[id]': 'administer',
  '/sessions': 'administer',
  '/api/events': 'see',
  '/api/find': 'see',
  '/api/items': 'see',
  '/api/uploads/[[...id]]': 'import',
} as const satisfies Record<string, Need>;

/** Server actions, as the folder of their file and they themselves are called. */
export const actions = {
  'login/logIn': 'open',
  'login/logOut': 'open',
  'join/follow': 'open',
  'account/rename': 'see',
  'account/setPassword': 'see',
  'account/beginFactor': 'see',
  'account/confirmFactor': 'see',
  'account/renewCodes': 'see',
  'account/endFactor': 'see',
  'account/end': 'see',
  'catalogue/changeItems': 'merchandise',
  'item/save': 'merchandise',
  'data/rename': 'merchandise',
  'data/merge': 'merchandise',
  'data/remove': 'merchandise',
  'data/undo': 'merchandise',
  'privacy/look': 'administer',
  'privacy/forget': 'administer',
  'privacy/keep': 'administer',
  'settings/saveLists': 'merchandise',
  'settings/addEventType': 'analyse',
  'settings/removeEventType': 'analyse',
  'rules/addRule': 'merchandise',
  'rules/switchRule': 'merchandise',
  'rules/removeRule': 'merchandise',
  'imports/begin': 'import',
  'imports/look': 'import',
  'imports/preview': 'import',
  'imports/removeFile': 'import',
  'imports/start': 'import',
  'imports/discard': 'import',
  'experiments/saveExperiment': 'analyse',
  'experiments/start': 'analyse',
  'experiments/stop': 'analyse',
  'experiments/decide': 'analyse',
  'experiments/tune': 'analyse',
  'experiments/setOverride': 'analyse',
  'health/checkNow': 'analyse',
  'lists/makeLists': 'analyse',
  'health/addWebhook': 'administer',
  'health/removeWebhook': 'administer',
  'health/tryWebhook': 'administer',
  'indexes/rebuild': 'analyse',
  'indexes/restore': 'analyse',
  'models/train': 'analyse',
  'models/evaluate': 'analyse',
  'pipeline/runNow': 'analyse',
  'pipeline/makeChampion': 'analyse',
  'pipeline/goBack': 'analyse',
  'pipeline/deployModel': 'analyse',
  'pipeline/endDeployment': 'analyse',
  'pipeline/change': 'analyse',
  'pipeline/register': 'analyse',
  'pipeline/unregister': 'analyse',
  'keys/create': 'administer',
  'keys/revoke': 'administer',
  'people/invite': 'administer',
  'people/makeLink': 'administer',
  'people/setRole': 'administer',
  'people/setDisabled': 'administer',
  'people/endFactor': 'administer',
  'people/remove': 'administer',
  'sessions/end': 'administer',
} as const satisfies Record<string, Need>;

export type Action = keyof typeof actions;

const isRest = (part: string) => /^\[*\.\.\./.test(part);
const isAny = (part: string) => part.startsWith('[');

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return parts.length === 0;
  if (isRest(head)) return parts.length > 0 || head.startsWith('[[');
  return parts.length > 0 && (isAny(head) || head === parts[0]) && fits(rest, parts.slice(1));
}

const partsOf = (pathname: string) => pathname.split('/').filter((part) => part !== '');
/** What is named goes before what is not, part by part, as Next has it: `/new` is no `[id]`. */
const rank = (pattern: string) => partsOf(pattern).map((part) => (isRest(part) ? 2 : isAny(part) ? 1 : 0));
const patterns = Object.keys(addresses)
  .map((pattern) => ({ pattern, parts: partsOf(pattern), rank: rank(pattern).join('') }))
  .sort((a, b) => (a.rank < b.rank ? -1 : 1));

/** What a path of the admin wants of who asks for it. */
export function needOf(pathname: string): Need {
  const parts = partsOf(pathname);
  const found = patterns.find(({ parts: pattern }) => fits(pattern, parts));
  return found === undefined ? 'administer' : addresses[found.pattern as keyof typeof addresses];
}
