import type { Log } from '../observe/log.ts';
import type { Deliberation } from './deliberate.ts';

/** One line a decision: whose, by which rules, what is done. */
export function logDeliberation(log: Log, deliberation: Deliberation, reconcileID: number, tookMs: number): void {
  if (!log.enabled('info') && deliberation.type === 'Decided') return;
  const { snapshot, passes } = deliberation;
  const { namespace, name, uid } = snapshot.subject;
  const generation = snapshot.task?.metadata.generation;
  const fields = { controller: 'task', namespace, name, uid, reconcileID, generation, passes };
  if (deliberation.type === 'Faulted') {
    log.error('could not decide', { ...fields, cause: deliberation.fault.cause, message: deliberation.fault.message });
    return;
  }
  const { actions, reasons, queue, wakeAt } = deliberation.decided;
  log.info('decided', {
    ...fields,
    tookMs: Math.round(tookMs * 1_000) / 1_000,
    rules: reasons.map(({ rule }) => rule),
    actions: actions.map(({ type, id }) => `${type} ${id}`),
    ...(queue === undefined ? {} : { queue: `${queue.state} ${queue.key}` }),
    ...(wakeAt === undefined ? {} : { wakeAt }),
  });
}
