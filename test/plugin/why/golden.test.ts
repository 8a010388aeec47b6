import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Task } from '#core/api/task.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { plain } from '#plugin/io.ts';
import { explain } from '#plugin/why/explain.ts';
import type { Why } from '#plugin/why/model.ts';
import { whyText } from '#plugin/why/text.ts';
import { NAMESPACE } from '#test/support/builders.ts';
import { virtualHost } from '#test/support/virtual-host.ts';
import { SITUATIONS, type Situation } from './situations.ts';

/** Explanations as they are printed, of Tasks that the real controller brought where they are. `UPDATE_GOLDEN=1 npm run test:unit -- test/plugin/why` writes them anew: read the diff before you commit it. */
const GOLDEN = fileURLToPath(new URL('../../golden/why/', import.meta.url));
const isUpdate = process.env.UPDATE_GOLDEN === '1';

const core = loadEngine(readFileSync(new URL('../../../dist/core.wasm', import.meta.url)));
/** The digest changes with every change of the core, also where no explanation does. */
const engine = { digest: `sha256:${'0'.repeat(64)}`, decide: core.decide };

/** Version of the whole cluster. */
function written(world: World): string {
  const listed = world.server.list({ kind: 'Task' });
  return listed.ok ? listed.value.resourceVersion : '';
}

async function explained({ about, world: options, steps, passesMs = 10_000 }: Situation): Promise<Why> {
  const world = createWorld(options);
  const host = virtualHost({ engine: core, world });
  await host.start();
  for (const step of steps) {
    step(world);
    await world.clock.advance(passesMs);
  }
  const before = written(world);
  const task = host.get<Task>('Task', NAMESPACE, about);
  if (task === undefined) throw new Error(`expected Task ${about} in the cluster`);
  const why = await explain({ engine, cluster: world.client('why'), task, nowMs: world.clock.now() });
  expect(written(world), 'nothing is written').toBe(before);
  host.kill();
  return why;
}

test.each(Object.entries(SITUATIONS))('%s', async (name, situation) => {
  const why = await explained(situation);
  expect(why).toMatchObject({ formatVersion: 1, namespace: NAMESPACE, name: situation.about, lacks: [] });
  check(name, 'why.txt', whyText(why, plain));
  check(name, 'why.json', `${JSON.stringify(why, null, 2)}\n`);
});

test('there is no golden file of a situation that is not there any more', () =>
  expect(readdirSync(GOLDEN).sort()).toEqual(Object.keys(SITUATIONS).sort()));

function check(name: string, file: string, actual: string): void {
  const path = `${GOLDEN}${name}/${file}`;
  if (isUpdate) {
    mkdirSync(`${GOLDEN}${name}`, { recursive: true });
    writeFileSync(path, actual);
  }
  expect(existsSync(path), `${path} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(actual).toBe(readFileSync(path, 'utf8'));
}
