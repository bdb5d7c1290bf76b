/** Something opened once and used by many: disposed when its last holder lets go. */
export interface Referenced<T> {
  readonly value: T;
  /** Takes one hold. Call the result once to let go; calling it again does nothing. */
  hold(): () => void;
}

/**
 * Counts the holders of `value`, starting with the maker's own hold, and disposes it when the last one lets go. So a
 * swap never pulls an index from under a request that is searching it.
 * @param dispose may reject: the caller decides what to do with the error
 */
export function countReferences<T>(
  value: T,
  dispose: (value: T) => void,
): { referenced: Referenced<T>; release: () => void } {
  let holders = 0;
  const hold = () => {
    if (holders < 0) throw new Error('held after its disposal');
    holders += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      holders -= 1;
      if (holders > 0) return;
      holders = -1;
      dispose(value);
    };
  };
  const release = hold();
  return { referenced: { value, hold }, release };
}
