/** What an experiment that runs keeps until its next phase, with the reason. Everything else may change at any time. */
export const lockedWhileRunning: Record<string, string> = {
  name: 'Reports and scripts know the experiment by it.',
  arms: 'Other models, indexes, shares or ranker settings would move users between arms, or make one arm mean two things.',
  rankerId: 'Both halves of the figures would be of another ranking.',
  design: 'Lists of one arm and lists of two are counted differently.',
  layer: 'Other users would enter and those who are in would leave.',
  'settings.layerShare': 'Other users would enter and those who are in would leave.',
  'settings.targeting': 'Other users would enter and those who are in would leave.',
  primaryMetric: 'A metric that is chosen after the figures are seen proves nothing.',
  'settings.hypothesis': 'What was expected is written down before the figures are seen.',
  'settings.guardrails': 'A limit that is moved after the figures are seen guards nothing.',
  'settings.plannedDays': 'An end that is chosen after the figures are seen makes chance look like an effect.',
  'settings.minimumUsers': 'It decides when something may be concluded, before the figures are seen.',
  'settings.attribution': 'Clicks and orders that were counted one way would be compared with others.',
  'settings.gmvCapQuantile': 'A cap that is chosen after the figures are seen chooses the result.',
  'settings.gmvCapMinor': 'A cap that is chosen after the figures are seen chooses the result.',
  'settings.alpha': 'The error rate is chosen before the figures are seen.',
  'settings.sequential': 'How often the figures may be looked at is chosen before they are seen.',
  'settings.exploration': 'Shuffled answers are part of what the arms do to users.',
  'settings.unit': 'Who is dealt out to arms would change.',
};

/** The lock on a changed field: its own, or that of what it is part of. */
export function lockOn(field: string): { name: string; why: string } | undefined {
  const name = Object.keys(lockedWhileRunning).find((locked) => field === locked || field.startsWith(`${locked}.`));
  return name === undefined ? undefined : { name, why: lockedWhileRunning[name]! };
}
