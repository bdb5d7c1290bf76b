'use client';

import { useEffect } from 'react';
import { type Call, showCall } from '../browser/calls.ts';

/** Tells the panel behind the scenes of a call, for as long as its answer is on the page. */
export function ShownCall({ call }: { call: Call }) {
  useEffect(() => showCall(call), [call]);
  return null;
}
