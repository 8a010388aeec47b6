import type { Task } from '#core/api/task.ts';
import { type Clock, timestamp } from '#host/clock.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import type { Engine } from '#host/engine/engine.ts';
import { createJournal, type JournalFiles } from '#host/observe/journal.ts';
import { NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { virtualHost } from '#test/support/virtual-host.ts';

/** The engine, with each call told to a journal: what `--journal` does to the host's. */
function journalled(engine: Engine, files: JournalFiles, clock: () => Clock, maxSizeBytes: number): Engine {
  const journal = createJournal({
    files,
    maxSizeBytes,
    onError: (error) => {
      throw error;
    },
  });
  return {
    digest: engine.digest,
    decide: (snapshot) => {
      const result = engine.decide(snapshot);
      journal.record(timestamp(clock().now()), engine.digest, snapshot, result);
      return result;
    },
  };
}

/** Lets the real controller run three Tasks on the memory cluster (one succeeds, one fails, one is stopped) and keeps its journal. */
export async function writeJournal(engine: Engine, files: JournalFiles, maxSizeBytes = 100_000_000): Promise<void> {
  const world = createWorld();
  const host = virtualHost({ engine: journalled(engine, files, () => world.clock, maxSizeBytes), world });
  world.apply(newObject('AgentTemplate', template()));
  const failing = template({ podSpec: { labels: { 'sim.kubeopencode.io/outcome': 'fail' } } });
  world.apply(newObject('AgentTemplate', { ...failing, metadata: { ...failing.metadata, name: 'failing' } }));
  await host.start();
  world.apply(newObject('Task', task({ name: 'good' })));
  world.apply(
    newObject('Task', task({ name: 'bad', spec: { templateRef: { name: 'failing' }, description: 'Use API_KEY=hunter2 for it' } })),
  );
  world.apply(newObject('Task', task({ name: 'lost', spec: { templateRef: { name: 'nobody' } } })));
  await world.clock.advance(120_000);
  for (const [name, phase] of [
    ['good', 'Completed'],
    ['bad', 'Failed'],
    ['lost', 'Failed'],
  ] as const) {
    const found = host.get<Task>('Task', NAMESPACE, name);
    if (found?.status?.phase !== phase) throw new Error(`expected ${name} to be ${phase}, it is ${found?.status?.phase}`);
  }
  host.kill();
}
