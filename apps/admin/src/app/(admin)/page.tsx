import { redirect } from 'next/navigation';
import { datasetChoice } from '#data/datasets/datasets.ts';
import { datasetPath } from '#dataset-path.ts';

/** The dataset that shoppers are served; where there is none, the place to begin. */
export default async function StartPage() {
  const { preferred } = await datasetChoice();
  redirect(preferred === undefined ? '/datasets' : datasetPath(preferred));
}
