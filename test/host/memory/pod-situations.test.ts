import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Result } from '#host/cluster/cluster.ts';
import { evictByApi } from '#host/cluster/memory/disruption.ts';
import { podScript } from '#host/cluster/memory/pod-script.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import { comparable } from '#test/support/pod-comparison.ts';
import { POD_SITUATIONS, type PodSituation } from '#test/support/pod-situations.ts';

const STEP_MS = 100;
const LONGEST_MS = 600_000;

/** Pods of a real node (Kubernetes 1.37, containerd; recorded by test/cluster/kubelet), each in one situation: the model has to show the same, but for times, addresses and identifiers. */
describe('the kubelet model shows a Pod as a real kubelet does', () => {
  it.each(POD_SITUATIONS)('$name', async (situation) => {
    const path = new URL(`../../fixtures/kubelet/${situation.name}.json`, import.meta.url);
    const real = JSON.parse(readFileSync(path, 'utf8')) as Pod;
    const model = await modelOf(situation);
    expect(comparable(model.pod)).toEqual(comparable(real));
    if (situation.log !== undefined) expect(model.log).toMatch(situation.log);
  });
});

interface Shown {
  readonly pod: Pod;
  /** Code and text of the answer to a request for the agent's log. */
  readonly log: string;
}

async function modelOf({ name, spec, script, act, until }: PodSituation): Promise<Shown> {
  const plain = podScript({ metadata: { name }, spec });
  const world = createWorld({
    freeze: true,
    nodes: [{ name: 'localhost', pods: 10 }],
    kubelet: { assume: () => ({ ...plain, ...script }) },
  });
  const address = { kind: 'Pod', namespace: 'default', name } as const;
  const metadata = { name, namespace: 'default', finalizers: ['example.com/held'] };
  world.server.create({ apiVersion: 'v1', kind: 'Pod', metadata, ...{ spec } });
  let isDone = act === undefined;
  let seen: Shown | undefined;
  world.server.store.listen('Pod', ({ object }) => {
    const pod = object as unknown as Pod;
    if (!isDone && act?.when(pod) === true) {
      isDone = true;
      world.clock.after(STEP_MS, () => (act.type === 'Delete' ? world.server.delete(address, {}) : evictByApi(world.server, address)));
    }
    if (isDone && seen === undefined && until(pod)) seen = { pod, log: logText(world.server.logs(address, { container: 'agent' })) };
  });
  for (let waitedMs = 0; seen === undefined && waitedMs < LONGEST_MS; waitedMs += STEP_MS) await world.clock.advance(STEP_MS);
  if (seen === undefined) throw new Error(`${name}: not so after ${LONGEST_MS} ms: ${JSON.stringify(world.server.find(address), null, 1)}`);
  return seen;
}

function logText(result: Result<string>): string {
  if (result.ok) return `200 ${result.value}`;
  return result.error.type === 'Refused' ? `${result.error.code} ${result.error.message}` : result.error.type;
}
