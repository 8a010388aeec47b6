import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import { comparable } from '#test/support/pod-comparison.ts';
import { POD_SITUATIONS, type PodSituation } from '#test/support/pod-situations.ts';
import type { Kube } from '../support/kube.ts';

const FIXTURES = new URL('../../fixtures/kubelet/', import.meta.url);
const TRIES = 1_200;

/** Brings about on a real node each situation that the memory cluster's kubelet is measured by. With RECORD_PODS=1 the fixtures are written instead of compared. */
export function describeSituations(kube: Kube, namespace: string): void {
  describe('a Pod on a real kubelet is as the memory cluster is measured by', () => {
    it.concurrent.each(POD_SITUATIONS)('$name', async (situation) => {
      const { pod, log } = await shownBy(kube, namespace, situation);
      const file = new URL(`${situation.name}.json`, FIXTURES);
      if (process.env.RECORD_PODS === '1') writeFileSync(file, fixtureOf(pod, namespace));
      else expect(comparable(pod)).toEqual(comparable(JSON.parse(readFileSync(file, 'utf8')) as Pod));
      if (situation.log !== undefined) expect(log).toMatch(situation.log);
    });
  });
}

async function shownBy(
  { api }: Kube,
  namespace: string,
  { name, spec, act, until, log }: PodSituation,
): Promise<{ pod: Pod; log: string }> {
  const collection = `/api/v1/namespaces/${namespace}/pods`;
  const path = `${collection}/${name}`;
  await api.expect('POST', collection, { apiVersion: 'v1', kind: 'Pod', metadata: { name, finalizers: ['example.com/held'] }, spec });
  let isDone = act === undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    const pod = JSON.parse((await api.call('GET', path)).text) as Pod;
    if (!isDone && act?.when(pod) === true) {
      isDone = true;
      if (act.type === 'Delete') await api.expect('DELETE', path);
      else await api.expect('POST', `${path}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } });
    }
    if (isDone && until(pod)) {
      const said = await logOf(api, path, log ?? /^/);
      await api.expect('PATCH', path, { metadata: { finalizers: null } });
      await api.call('DELETE', path);
      return { pod, log: said };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name}: not as told within a minute: ${(await api.call('GET', path)).text}`);
}

/** Answer to a request for the agent's log; within seconds it should be as `wanted`: a kubelet removes containers a moment after they have ended. */
async function logOf(api: Kube['api'], path: string, wanted: RegExp): Promise<string> {
  let said = '';
  for (let tries = 0; tries < 50 && (said === '' || !wanted.test(said)); tries++) {
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    const { code, text } = await api.call('GET', `${path}/log?container=agent`);
    said = `${code} ${code === 200 ? text : (JSON.parse(text) as { message: string }).message}`;
  }
  return said;
}

/** Without what tells of this machine. */
function fixtureOf(pod: Pod, namespace: string): string {
  const { managedFields: _, ...metadata } = pod.metadata as Pod['metadata'] & { readonly managedFields?: unknown };
  const { hostIP } = (pod.status ?? {}) as { readonly hostIP?: string };
  const text = JSON.stringify({ ...pod, metadata: { ...metadata, namespace: 'default' } }, null, 1).replaceAll(namespace, 'default');
  return `${hostIP === undefined ? text : text.replaceAll(hostIP, '192.0.2.2')}\n`;
}
