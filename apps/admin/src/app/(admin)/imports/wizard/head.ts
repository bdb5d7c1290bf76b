/** What stands above the wizard: whether files make a new dataset, or are added to one. */
export const headOf = (dataset: { name: string } | null) =>
  dataset === null
    ? {
        title: 'New dataset',
        summary:
          'Files of your shop become a catalogue and what shoppers did with it. Nothing is stored before you say Import.',
      }
    : {
        title: `Add data to ${dataset.name}`,
        summary:
          'Orders and events that it lacks are added, products are brought up to date. Nothing is stored before you say Import.',
      };
