/** Where a dataset's pages are: '/datasets/online-retail'. */
export const datasetPath = (name: string): string => `/datasets/${encodeURIComponent(name)}`;

/** Where an experiment's pages are. */
export const experimentPath = ({ id, dataset }: { id: string; dataset: { name: string } }): string =>
  `${datasetPath(dataset.name)}/experiments/${id}`;
