import type { Experiment } from '@duet/db';
import { Badge, type Tone } from '#components/states/badge.tsx';

const tones: Record<Experiment['status'], Tone> = {
  draft: 'quiet',
  running: 'good',
  stopped: 'quiet',
  decided: 'quiet',
};

export const ExperimentState = ({ status }: Pick<Experiment, 'status'>) => <Badge tone={tones[status]}>{status}</Badge>;
