/**
 * The layers, top to bottom: a package imports only from packages to its right. Apps import any of them, no other app.
 */
const layers = [
  'simulator',
  'react',
  'client',
  'api',
  'pipeline',
  'experiments',
  'serving',
  'ranking',
  'trainer',
  'artifact',
  'ann',
  'models',
  'datasets',
  'backup',
  'db',
  'statistics',
  'random',
  'base',
];

const downwardsOnly = layers.map((layer, index) => ({
  name: `${layer}-imports-only-downwards`,
  comment: `packages/${layer} may import only ${layers.slice(index + 1).join(', ') || 'no package of ours'}.`,
  severity: 'error',
  from: { path: `^packages/${layer}/` },
  to: { path: `^(apps/|packages/(${['-', ...layers.slice(0, index)].join('|')})/)` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...downwardsOnly,
    {
      name: 'every-package-has-a-layer',
      comment: 'A new package gets its place in the list of .dependency-cruiser.mjs.',
      severity: 'error',
      from: {},
      to: { path: '^packages/', pathNot: `^packages/(${layers.join('|')})/` },
    },
    {
      name: 'apps-stand-alone',
      comment: 'What two apps share belongs in a package.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'through-the-front-door',
      comment: "Another package's files are reached by its name, through its exports, never by a relative path.",
      severity: 'error',
      from: { path: '^((?:packages|apps)/[^/]+|bench)/' },
      to: { path: '^(packages|apps|bench)/', pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'using-is-not-training',
      comment: 'What answers requests opens models with @duet/artifact; only its tests train some.',
      severity: 'error',
      from: { path: '^(packages/(artifact|ranking|serving)|apps/retrieval)/', pathNot: '(\\.test|/testing)\\.ts$' },
      to: { path: '^packages/trainer/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other, were it for a type, are one file, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'only-what-resolves',
      comment: 'An import must lead somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/|^)(generated|\\.next|build|test-results)/|next-env\\.d\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.d.ts', '.json'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
