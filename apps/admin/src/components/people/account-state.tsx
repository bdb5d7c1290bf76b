import type { ListedAccount } from '@duet/db/people';
import { Badge } from '#components/states/badge.tsx';

const tones = { works: 'good', invited: 'busy', disabled: 'bad' } as const;

export const AccountState = ({ state }: Pick<ListedAccount, 'state'>) => <Badge tone={tones[state]}>{state}</Badge>;
