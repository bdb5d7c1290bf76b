import type { ShopHistory } from '@duet/experiments/power';

/** The dataset that an experiment is on, with what its arms can serve. */
export interface FormDataset {
  id: string;
  name: string;
  currency: string;
  /** Share of its shoppers that are in no experiment. */
  holdout: number;
  /** Registered models with a champion. */
  registered: { id: string; name: string }[];
  models: { id: string; name: string; indexes: { id: string; title: string; active: boolean }[] }[];
  rankers: { id: string; title: string }[];
  layers: string[];
  /** Worked out while the form is already there. */
  history: Promise<ShopHistory>;
}

export interface FormMetric {
  key: string;
  title: string;
  unit: 'share' | 'count' | 'minor';
}
