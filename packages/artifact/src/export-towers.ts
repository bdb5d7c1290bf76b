import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { graphSettings, towerFile } from '@duet/models';
import { modelFolder, readArtifact } from './artifact.ts';

/**
 * Writes both towers as plain ONNX files with a free batch axis, for any ONNX runtime. What to feed them is in the
 * model's `model.json` (features, vocabularies) and `weights.safetensors` (tables). What they give is taste, the first
 * dimensions of `item-vectors.safetensors`: priors are not in them.
 *
 * @returns the files' paths
 * @throws DuetError `bad-input` where the model has no towers; `not-found` or `corrupt`, as `readArtifact`
 */
export async function exportTowers(dataDir: string, modelId: string, folder: string): Promise<string[]> {
  const { file, space, params } = await readArtifact(dataDir, modelId);
  if (file.family !== 'tower') {
    throw new DuetError('bad-input', `A model of kind ${file.kind} has no towers to export.`, {
      where: { field: 'model' },
      fix: `Its item vectors are in ${path.join(modelFolder(dataDir, modelId), 'item-vectors.safetensors')}.`,
    });
  }
  const model = graphSettings(file.kind, file.settings, space);
  await mkdir(folder, { recursive: true });
  return Promise.all(
    (['user', 'item'] as const).map(async (side) => {
      const target = path.join(folder, `${side}-tower.onnx`);
      await writeFile(target, towerFile(model, side, params));
      return target;
    }),
  );
}
