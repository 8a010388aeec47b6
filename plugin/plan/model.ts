import type { Plan } from '../contract/plan.ts';

/** Whether carrying the plan out would change anything but Events. */
export function hasChanges({ tasks }: Pick<Plan, 'tasks'>): boolean {
  return tasks.some(({ steps }) =>
    steps.some(({ actions }) => actions.some(({ verb }) => verb === 'create' || verb === 'patch' || verb === 'delete')),
  );
}
