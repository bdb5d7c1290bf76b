import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { previewImport } from '@duet/datasets';
import { blocksOf, read } from './pages.ts';

const page = 'docs/guides/import-forms.md';
const headings = [...read(page).matchAll(/^## (.+)$/gm)].map((found) => ({
  form: found[1]!,
  line: read(page).slice(0, found.index).split('\n').length,
}));

describe(`${page}: files of each form are what their section says`, () => {
  for (const [at, { form, line }] of headings.entries()) {
    test(form, async () => {
      const end = headings[at + 1]?.line ?? Number.POSITIVE_INFINITY;
      const blocks = blocksOf(page).filter((block) => block.line > line && block.line < end);
      const folder = await mkdtemp(path.join(tmpdir(), 'duet-forms-page-'));
      try {
        for (const { file, text } of blocks) if (file) await writeFile(path.join(folder, file), `${text}\n`);
        const command = blocks.find(({ language }) => language === 'sh')!.text;
        const given = (option: string) => new RegExp(`--${option} (\\S+)`).exec(command)?.[1];
        const [interactions, items] = [given('interactions')!, given('items')];
        const minRating = given('min-rating');
        const { mapping, rows, rejected } = await previewImport(
          {},
          {
            name: given('name')!,
            interactions: path.join(folder, interactions),
            ...(items && { items: path.join(folder, items) }),
            ...(minRating && { minRating: Number(minRating) }),
          },
        );
        const forms = new Set(Object.values(mapping).map((table) => table.form));
        assert.ok(forms.has(form) && [...forms].every((one) => one === form || one === undefined), [...forms].join());
        assert.ok(rows > 0);
        assert.equal(rejected, 0);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
