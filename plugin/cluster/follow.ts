import type { Clock } from '#host/clock.ts';
import type { Cluster, ClusterError, Scope } from '#host/cluster/cluster.ts';
import { Reflector } from '#host/cluster/reflector-driver.ts';
import { Store } from '#host/cluster/store.ts';
import { failureText, type Reached } from './failure.ts';

export interface FollowOptions {
  readonly cluster: Cluster & Reached;
  readonly clock: Clock;
  /** The first is what it is about; of the others what can't be read is told, and does not end it. */
  readonly scopes: readonly Scope[];
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Something went wrong and is tried again: each thing once. */
  onTrouble(text: string): void;
}

/** Codes of refusals that do not pass by themselves: not let in, not allowed, not known. */
const LASTING = [401, 403, 404];
/** What has worked may be refused so often in a row: a token is renewed, a role is bound anew. */
const MOST_REFUSALS = 5;

/**
 * The objects of some scopes, as they are now and after each change: the host's own reflectors mend what breaks. Changes that come together are one. Throws what
 * a person can act on where the first scope is refused.
 */
export async function* follow({ cluster, clock, scopes, signal, onTrouble }: FollowOptions): AsyncGenerator<Store> {
  const store = new Store();
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  let isChanged = true;
  let refusal: string | undefined;
  let wake = (): void => {};
  store.onChange(() => {
    isChanged = true;
    wake();
  });
  ended.addEventListener('abort', () => wake(), { once: true });
  const begin = (scope: Scope, index: number): Promise<void> =>
    new Promise((resolve) => {
      const onRefusal = (text: string): void => {
        refusal = text;
        wake();
        resolve();
      };
      const telling: Telling = {
        cluster,
        scope,
        // What lacks is told, and does not keep the rest waiting.
        onTrouble: (text) => {
          onTrouble(text);
          resolve();
        },
        ...(index === 0 ? { onRefusal } : {}),
      };
      const sink = store.sink(scope.kind, scope.namespace);
      const reflector = new Reflector({ cluster: tellingCluster(telling), clock, scope, sink, signal: ended });
      void reflector.synced.then(() => resolve());
    });
  try {
    await Promise.all(scopes.map(begin));
    while (!ended.aborted) {
      if (refusal !== undefined) throw new Error(refusal);
      if (isChanged) {
        isChanged = false;
        yield store;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    over.abort(new Error('nobody follows any longer'));
  }
}

interface Telling {
  readonly cluster: Cluster & Reached;
  readonly scope: Scope;
  onTrouble(text: string): void;
  /** It is refused for good, as far as can be seen; absent: that is a trouble like others. */
  onRefusal?(text: string): void;
}

/** What came of the calls of one verb. */
interface Course {
  /** Whether it was ever not refused. */
  hasWorked: boolean;
  /** In a row. */
  refusals: number;
  said: string;
}

/** The cluster as a reflector needs it, with what goes wrong put into words. */
function tellingCluster({ cluster, scope, onTrouble, onRefusal }: Telling): Pick<Cluster, 'list' | 'watch'> {
  const courses: Readonly<Record<'list' | 'watch', Course>> = {
    list: { hasWorked: false, refusals: 0, said: '' },
    watch: { hasWorked: false, refusals: 0, said: '' },
  };
  const works = (verb: 'list' | 'watch'): void => {
    Object.assign(courses[verb], { hasWorked: true, refusals: 0, said: '' });
  };
  const failed = (verb: 'list' | 'watch', error: ClusterError): void => {
    const course = courses[verb];
    const text = failureText(
      { verb, kind: scope.kind, ...(scope.namespace === undefined ? {} : { namespace: scope.namespace }) },
      error,
      cluster,
    );
    if (error.type !== 'Refused' || !LASTING.includes(error.code)) {
      [course.hasWorked, course.refusals] = [true, 0];
      // Ordinary events: the next list mends it, or the server wants a moment.
      if (error.type === 'Refused' && (error.code === 410 || error.code === 429)) return;
    } else {
      course.refusals += 1;
      if (onRefusal !== undefined && course.refusals >= (course.hasWorked ? MOST_REFUSALS : 1)) {
        onRefusal(text);
        return;
      }
    }
    if (text !== course.said) onTrouble(`it is tried again: ${text}`);
    course.said = text;
  };
  return {
    async list(options, signal) {
      const result = await cluster.list(options, signal);
      if (result.ok) works('list');
      else if (signal?.aborted !== true) failed('list', result.error);
      return result;
    },
    async *watch(options, signal) {
      for await (const event of cluster.watch(options, signal)) {
        if (event.type !== 'ERROR') works('watch');
        else if (!signal.aborted) failed('watch', event.error);
        yield event;
        if (event.type === 'ERROR') return;
      }
      // Ended in order.
      courses.watch.hasWorked = true;
    },
  };
}
