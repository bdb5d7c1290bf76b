import type { Role } from '../generated/client.ts';

/** What may be done in the admin, each with its meaning for people. */
export const permissions = {
  see: 'see every page and report',
  merchandise: 'change rules, the catalogue and categories',
  import: 'add data',
  analyse: 'run experiments, train models, build indexes and choose what serves',
  administer: 'manage people, API keys, webhooks and what is kept of customers',
} as const;
export type Permission = keyof typeof permissions;

/** What each role may do; what is not listed it may not. */
export const roles: Record<Role, readonly Permission[]> = {
  viewer: ['see'],
  merchandiser: ['see', 'merchandise', 'import'],
  analyst: ['see', 'import', 'analyse'],
  admin: ['see', 'merchandise', 'import', 'analyse', 'administer'],
};

export const mayDo = (role: Role, permission: Permission): boolean => roles[role].includes(permission);

/** What a role may do, as a sentence's end: "see every page and report, and add data". */
export function meaningOf(role: Role): string {
  const meanings = roles[role].map((permission) => permissions[permission]);
  const last = meanings.pop()!;
  return meanings.length === 0 ? last : `${meanings.join(', ')}, and ${last}`;
}

/** Why somebody may not do something, and who can. */
export function refusal(role: Role, permission: Permission): string {
  const others = Object.entries(roles).filter(([name, may]) => name !== 'admin' && may.includes(permission));
  const who = [...others.map(([name]) => name), 'admin'].join(' or ');
  return `Your role, ${role}, may not ${permissions[permission]}. That takes the role ${who}.`;
}
