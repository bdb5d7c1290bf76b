export {
  authorOf,
  changeRole,
  disableAccount,
  firstPassword,
  type ListedAccount,
  listAccounts,
  makeFirstAdmin,
  type Person,
  removeAccount,
  renameAccount,
} from './accounts.ts';
export { followLink, invite, linkOf, type NewLink, pathOf, resetLink } from './links.ts';
export { accountByPassword, changePassword } from './log-in.ts';
export { passwordRule } from './passwords.ts';
export { accountByProvider, type Vouched } from './provider.ts';
export { mayDo, meaningOf, type Permission, permissions, refusal, roles } from './roles.ts';
export {
  beginSecondFactor,
  confirmSecondFactor,
  endSecondFactor,
  renewRecoveryCodes,
  takeCode,
} from './second-factor.ts';
export { beginSession, endSession, type ListedSession, listSessions, personOf } from './sessions.ts';
