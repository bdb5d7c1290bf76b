import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { disagreement } from './agreement.ts';
import { howToInstall, openPytorch, pytorchIsHere } from './pytorch.ts';

const skip = pytorchIsHere() ? false : `PyTorch is not installed: ${howToInstall}`;

describe('the PyTorch peer', { skip }, () => {
  for (const shape of ['sigmoid', 'softmax'] as const) {
    test(`has Duet's ${shape} loss and gradients on the same weights and batch`, async () => {
      await using peer = openPytorch([], {});
      const apart = await disagreement(shape, peer);
      assert.ok(apart < 1e-4, `they differ by ${apart}`);
    });
  }
});
