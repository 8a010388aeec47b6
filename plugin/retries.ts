import type { Task } from '#core/api/task.ts';
import type { RetryBudget } from './contract/values.ts';

/** Budgets of which something is spent, or could be; empty for a Task that nobody wants retried. */
export function retryBudgets({ spec, status }: Pick<Task, 'spec' | 'status'>): readonly RetryBudget[] {
  const { retry } = spec;
  const { retries = {} } = status ?? {};
  const causes = new Set([...Object.keys(retry?.causes ?? {}), ...Object.keys(retries.causes ?? {})]);
  const budget = (of: string, spent: number | undefined, most: number | undefined): RetryBudget => ({
    of,
    spent: spent ?? 0,
    ...(most === undefined ? {} : { most }),
  });
  const limits: Readonly<Record<string, number | undefined>> = { ...retry?.causes };
  return [
    budget('limit', retries.limit, retry?.limit),
    ...[...causes].map((cause) => budget(cause, retries.causes?.[cause], limits[cause])),
    budget('unstarted', retries.unstarted, undefined),
  ].filter(({ spent, most = 0 }) => spent > 0 || most > 0);
}

/** `1 of 2, 0 of 5 for Evicted, 3 for nothing`. */
export function budgetsText(budgets: readonly RetryBudget[]): string {
  return budgets
    .map(({ of, spent, most }) => {
      const count = most === undefined ? String(spent) : `${spent} of ${most}`;
      if (of === 'unstarted') return `${count} for nothing (the agent had not started)`;
      return of === 'limit' ? count : `${count} for ${of}`;
    })
    .join(', ');
}
