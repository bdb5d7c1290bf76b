import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';

/** Loaded before the registry, this writes the line into it that a new model takes. */
const registry = new URL('../registry.ts', import.meta.url).href;
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (url !== registry) return loaded;
    const source = String(loaded.source);
    const withToy = source.replace(/^ {2}dat,$/m, '  dat,\n  toy,');
    assert.notEqual(withToy, source);
    return { ...loaded, source: `import { toy } from './testing/toy.ts';\n${withToy}` };
  },
});
