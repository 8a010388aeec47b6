import { execFile } from 'node:child_process';
import { delimiter, dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { hosts } from './support/host.ts';
import { clusterInfo } from './support/info.ts';
import { openKube } from './support/kube.ts';
import { isFinished, ok, podAt } from './support/objects.ts';
import { untilAll } from './support/watch.ts';

const execFileAsync = promisify(execFile);
const EXAMPLES = ['agent', 'contexts', 'failing', 'task'].flatMap((name) => ['-f', `host/manifests/examples/${name}.yaml`]);

const kube = await openKube();
const namespace = await kube.namespace();
await hosts().start({ namespaces: [namespace] });

/** What `kubectl opencode plan -o json` says, as far as it is compared. */
interface Plan {
  readonly formatVersion: number;
  readonly tasks: readonly {
    readonly name: string;
    readonly steps: readonly { readonly actions: readonly { readonly verb: string; readonly kind: string; readonly object?: object }[] }[];
    readonly end: { readonly phase: string; readonly cause?: string };
  }[];
}

/** Runs the real kubectl, which finds the plugin on PATH. */
async function opencode(...args: readonly string[]): Promise<string> {
  const { kubectl, kubeconfig } = clusterInfo();
  const PATH = [resolve('dist/bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
  const { stdout } = await execFileAsync(kubectl, ['opencode', ...args], {
    env: { ...process.env, PATH, KUBECONFIG: kubeconfig },
    maxBuffer: 64 << 20,
  });
  return stdout;
}

describe('kubectl opencode plan', () => {
  it('says before what the host does after: the same ends, and the same Pods', async () => {
    const plan: Plan = JSON.parse(await opencode('plan', '-n', namespace, ...EXAMPLES, '-o', 'json'));
    expect(plan.formatVersion).toBe(1);
    await kube.kubectl(['-n', namespace, 'apply', ...EXAMPLES]);
    const scope = { kind: 'Task', namespace } as const;
    const tasks = await untilAll<Task>(
      kube.cluster,
      scope,
      'to be finished',
      (seen) => seen.length === plan.tasks.length && seen.every(isFinished),
      60_000,
    );
    const ends = tasks.map(({ metadata: { name }, status }) => ({ name, phase: status?.phase, cause: status?.cause }));
    const planned = plan.tasks.map(({ name, end: { phase, cause } }) => ({ name, phase, cause }));
    expect(planned.sort(byName)).toEqual(ends.sort(byName));
    for (const { name, steps } of plan.tasks) {
      const creation = steps.flatMap(({ actions }) => actions).find(({ verb, kind }) => verb === 'create' && kind === 'Pod');
      const pod = (await ok(kube.cluster.get(podAt(namespace, `${name}-pod`)))) as Pod;
      expect(differences(creation?.object, pod)).toEqual([]);
    }
  });
});

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

const UNKNOWN = '(known after apply)';

/** Paths at which the real object is not as planned. The API server adds fields, and items behind; the finalizer goes at the end. */
function differences(planned: unknown, real: unknown, path = ''): readonly string[] {
  if (path === '/metadata/finalizers' || fits(planned, real)) return [];
  if (typeof planned !== 'object' || planned === null || typeof real !== 'object' || real === null) {
    return [`${path}: planned ${JSON.stringify(planned)}, is ${JSON.stringify(real)}`];
  }
  return Object.entries(planned).flatMap(([key, value]) => differences(value, (real as Record<string, unknown>)[key], `${path}/${key}`));
}

/** Whether a value is as planned; what the plan calls unknown may be any text. */
function fits(planned: unknown, real: unknown): boolean {
  if (typeof planned !== 'string' || typeof real !== 'string') return planned === real;
  const [before = '', ...after] = planned.split(UNKNOWN);
  return after.length === 0 ? planned === real : real.startsWith(before) && real.endsWith(after.at(-1) ?? '');
}
