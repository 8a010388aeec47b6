/** What a figure is measured in. */
export type Unit = 'µs' | 'ms' | 's' | 'bytes' | 'KiB' | 'MiB' | '%' | 'per second' | 'units of fuel' | '';

/** What a figure is to be; the last two are shares of the rival's figure of the same run. */
export type Goal =
  | { readonly atMost: number }
  | { readonly atLeast: number }
  | { readonly atMostTimesRival: number }
  | { readonly atLeastTimesRival: number };

/** One figure, beside what it is measured against. */
export interface Row {
  readonly what: string;
  readonly unit: Unit;
  /** null: could not be measured here. */
  readonly ours: number | null;
  readonly rival?: { readonly name: string; readonly value: number | null };
  readonly goal?: Goal;
  readonly note?: string;
}

/** The rows of one part. */
export interface Section {
  readonly part: string;
  readonly rows: readonly Row[];
  /** Why it has not all of its rows. */
  readonly failure?: string;
}

export type Verdict = { readonly type: 'NoGoal' } | { readonly type: 'Met' } | { readonly type: 'Missed'; readonly byShare: number };

/** Whether a figure is what it is to be, and else by what share of the goal it is not. A goal without its figure, or without the rival's, is none. */
export function verdictOf({ ours, goal, rival }: Row): Verdict {
  const limit = goal === undefined ? null : limitOf(goal, rival?.value ?? null);
  if (goal === undefined || limit === null || ours === null) return { type: 'NoGoal' };
  const isUpper = 'atMost' in goal || 'atMostTimesRival' in goal;
  if (isUpper ? ours <= limit : ours >= limit) return { type: 'Met' };
  return { type: 'Missed', byShare: limit === 0 ? Number.POSITIVE_INFINITY : Math.abs(ours - limit) / limit };
}

/** The number that a goal comes to; null when it needs a rival's figure that there is not. */
export function limitOf(goal: Goal, rival: number | null): number | null {
  if ('atMost' in goal) return goal.atMost;
  if ('atLeast' in goal) return goal.atLeast;
  if (rival === null) return null;
  return rival * ('atMostTimesRival' in goal ? goal.atMostTimesRival : goal.atLeastTimesRival);
}
