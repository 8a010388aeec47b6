import type { Subject } from '#core/contract/snapshot.ts';
import { timestamp } from '../../clock.ts';
import type { Store } from '../../cluster/store.ts';
import type { Controller } from '../../controller/controller.ts';
import { parseChoice } from '../../flag-values.ts';
import { type LeveledLog, LOG_LEVELS } from '../log.ts';
import { redact } from '../redact.ts';
import { type Answer, plainText, type Route } from '../server.ts';
import type { Recent } from './recent.ts';

export interface DebugSources {
  readonly store: Pick<Store, 'get'>;
  readonly controller: Pick<Controller, 'counts' | 'inspect'>;
  readonly recent: Pick<Recent, 'of'>;
  readonly log: LeveledLog;
}

const TASKS = '/debug/tasks/';
const INDEX = `/debug/tasks/NAMESPACE/NAME  the last snapshot of a Task, what was decided of it and why, its place, timers and outcomes
/debug/queue                 the queues of the Agents, and what the controller keeps
/debug/loglevel              the level of the log; PUT debug, info, warn or error to change it`;

/**
 * What the controller knows beside the API server, for people. What looks like a secret is blotted out, as in the journal; all the same it shows what
 * Tasks say, so it is served only to those who may read it.
 */
export function debugRoutes({ store, controller, recent, log }: DebugSources): Readonly<Record<string, Route>> {
  return {
    '/debug': () => plainText(200, INDEX),
    '/debug/queue': () => {
      const { lines, lastDecisionAtMs, ...counts } = controller.counts();
      const last = lastDecisionAtMs === undefined ? {} : { lastDecision: timestamp(lastDecisionAtMs) };
      return json({ ...counts, ...last, agents: [...lines].sort((a, b) => b.waiting - a.waiting) });
    },
    [TASKS]: ({ path }) => {
      const [namespace = '', name = '', ...more] = path.slice(TASKS.length).split('/').map(decoded);
      if (namespace === '' || name === '' || more.length > 0) return plainText(404, `expected ${TASKS}NAMESPACE/NAME`);
      const decision = recent.of(namespace, name);
      const task = store.get({ kind: 'Task', namespace, name });
      if (task === undefined && decision === undefined)
        return plainText(404, `no Task ${namespace}/${name} in the cache, and none of that name was decided lately`);
      const subject: Subject = { namespace, name, uid: task?.metadata.uid ?? decision?.deliberation.snapshot.subject.uid ?? '' };
      return json(redact({ subject, isInCache: task !== undefined, ...inspected(controller, subject), ...decided(decision) }).value);
    },
    '/debug/loglevel': () => json({ level: log.level }),
    'PUT /debug/loglevel': async ({ body }) => {
      const parsed = parseChoice(LOG_LEVELS)((await body()).trim());
      if (!parsed.ok) return plainText(400, parsed.message);
      const before = log.level;
      log.level = parsed.value;
      log.warn('the level of the log was changed', { before, level: parsed.value });
      return json({ level: log.level });
    },
  };
}

function inspected(controller: Pick<Controller, 'inspect'>, subject: Subject): Readonly<Record<string, unknown>> {
  const inspection = controller.inspect(subject);
  if (inspection === undefined) return { isLeading: false };
  const { queue, place, ...rest } = inspection;
  return {
    isLeading: true,
    ...rest,
    timer: { ...queue, ...('atMs' in queue ? { at: timestamp(queue.atMs) } : {}) },
    ...(place === undefined ? {} : { place }),
  };
}

function decided(decision: ReturnType<Recent['of']>): Readonly<Record<string, unknown>> {
  if (decision === undefined) return { decision: null };
  const { atMs, core, deliberation } = decision;
  const { snapshot, passes } = deliberation;
  const said = deliberation.type === 'Decided' ? { decided: deliberation.decided } : { fault: deliberation.fault };
  return { decision: { at: timestamp(atMs), core, passes, ...said, snapshot } };
}

function json(value: unknown): Answer {
  return { code: 200, contentType: 'application/json', text: `${JSON.stringify(value, null, 2)}\n` };
}

/** A name that is badly written is a name that there is not. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
