import type { Cluster } from '#host/cluster/cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { withCluster } from '../cluster/open.ts';
import { namesOf, notFoundText } from '../cluster/read.ts';
import type { ReleaseFlags } from '../commands/release.ts';
import type { ReleasedPod, ReleaseReport } from '../contract/release.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { controllerOf } from '../why/controller.ts';
import { type HeldPod, heldPods, type Released, release } from './held.ts';
import { releasedPod, releaseTable } from './print.ts';

/** Patches under way at a time: enough for thousands of Pods, and no flood for the API server. */
const AT_ONCE = 16;

/** `kubectl opencode release`: takes our finalizer off Pods, and says what that loses. Needs no controller. */
export async function runReleaseCommand(names: readonly string[], flags: ReleaseFlags, io: Io): Promise<ExitCode> {
  checkWho(names, flags);
  return withCluster(flags, async ({ cluster, namespace }) => {
    const place = flags.allNamespaces === true ? {} : { namespace };
    const { selector } = flags;
    const held = await heldPods(cluster, { ...place, ...(selector === undefined ? {} : { selector }), names });
    if (held.blindness !== undefined) io.err(`warning: whose the Pods are is not known: ${held.blindness}\n`);
    const near = held.missing.length === 0 ? [] : await namesOf(cluster, 'Task', namespace);
    for (const name of held.missing) io.err(`error: ${notFoundText('Task', namespace, name, near)}, and no Pod of it is left\n`);
    const lease = { namespace: flags.leaderElectNamespace, name: flags.leaderElectLeaseName };
    const controller = await controllerOf(cluster, lease, realClock.now());
    if (controller.state === 'Leads' && held.pods.length > 0)
      io.err(`warning: a controller runs: ${controller.says}; it holds the Pods that it makes from now on, so end it first\n`);
    const pods = await releaseAll(cluster, held.pods, flags.dryRun === true);
    print({ formatVersion: 1, controller, pods }, { isAnything: held.missing.length === 0, place }, flags, io);
    for (const { message } of pods) if (message !== undefined) io.err(`error: ${message}\n`);
    return held.missing.length > 0 || pods.some(({ result }) => result === 'Failed') ? EXIT.error : EXIT.ok;
  });
}

function checkWho(names: readonly string[], { allNamespaces, selector }: ReleaseFlags): void {
  if (names.length > 0 && allNamespaces === true) throw new Error('release: expected names or -A; a name is looked for in one namespace');
  if (names.length > 0 && selector !== undefined) throw new Error('release: expected names or -l, not both');
}

async function releaseAll(cluster: Cluster, held: readonly HeldPod[], isDry: boolean): Promise<readonly ReleasedPod[]> {
  const made: ReleasedPod[] = [];
  for (let from = 0; from < held.length; from += AT_ONCE) {
    const some = held.slice(from, from + AT_ONCE);
    const results = await Promise.all(
      some.map(({ pod }): Promise<Released> => (isDry ? Promise.resolve({ type: 'WouldRelease' }) : release(cluster, pod))),
    );
    made.push(...some.map((one, index) => releasedPod(one, results[index] ?? { type: 'Gone' })));
  }
  return made;
}

interface Asked {
  readonly isAnything: boolean;
  readonly place: { readonly namespace?: string };
}

function print(report: ReleaseReport, { isAnything, place }: Asked, { output }: ReleaseFlags, io: Io): void {
  const { pods } = report;
  switch (output) {
    case 'json':
      io.out(`${JSON.stringify(report, null, 2)}\n`);
      return;
    case 'name':
      io.out(
        pods
          .filter(({ result }) => result !== 'Failed')
          .map(({ name }) => `pod/${name}\n`)
          .join(''),
      );
      return;
    case 'table':
      if (pods.length > 0) io.out(releaseTable(pods));
      else if (isAnything) io.err(`No Pod to release in ${place.namespace === undefined ? 'any' : place.namespace} namespace.\n`);
  }
}
