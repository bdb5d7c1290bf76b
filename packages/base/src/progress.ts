/** One report of a long step's progress. `done` never falls within a step; `total` is 0 while it is unknown. */
export interface ProgressUpdate {
  /** What is being done, in a few words: "train dat", "import interactions". Identifies the bar. */
  step: string;
  done: number;
  total: number;
  /** What `done` counts: rows, examples, users, items. */
  unit: string;
  /** A short trailing figure such as "loss 3.21". */
  note?: string;
}

/** Long functions take one of these and call it as often as they like; the receiver throttles. */
export type Progress = (update: ProgressUpdate) => void;

/** The progress receiver of callers that do not watch. */
export const silent: Progress = () => {};
