import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { towerFile } from '@duet/models';
import { readArtifact } from './artifact.ts';
import { towerSettings } from './settings.ts';

/**
 * Writes both towers as plain ONNX files with a free batch axis, for any ONNX runtime. What to feed them is in the
 * model's `model.json` (features, vocabularies) and `weights.safetensors` (tables).
 *
 * @returns the files' paths
 * @throws DuetError `not-found` or `corrupt`, as `readArtifact`
 */
export async function exportTowers(dataDir: string, modelId: string, folder: string): Promise<string[]> {
  const { file, space, params } = await readArtifact(dataDir, modelId);
  const model = towerSettings(file.kind, file.settings, space);
  await mkdir(folder, { recursive: true });
  return Promise.all(
    (['user', 'item'] as const).map(async (side) => {
      const target = path.join(folder, `${side}-tower.onnx`);
      await writeFile(target, towerFile(model, side, params));
      return target;
    }),
  );
}
