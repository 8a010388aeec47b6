import { realClock } from '#host/real-clock.ts';
import { isSelective, selectorsOf } from '../choose.ts';
import { type ReachedCluster, withCluster } from '../cluster/open.ts';
import { namesOf, notFoundText } from '../cluster/read.ts';
import type { ReleaseFlags } from '../commands/release.ts';
import type { ReleasedPod, ReleaseReport } from '../contract/release.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { isDataForm } from '../output/flag.ts';
import { rendered } from '../output/render.ts';
import { controllerOf } from '../why/controller.ts';
import { type HeldPod, heldPods, type Released, release } from './held.ts';
import { releasedPod, releaseTable } from './print.ts';

/** Patches under way at a time: enough for thousands of Pods, and no flood for the API server. */
const AT_ONCE = 16;

/** `kubectl opencode release`: takes our finalizer off Pods, and says what that loses. Needs no controller. */
export async function runReleaseCommand(names: readonly string[], flags: ReleaseFlags, io: Io): Promise<ExitCode> {
  checkWho(names, flags);
  return withCluster(flags, io, async ({ cluster, namespace }) => {
    const place = flags.allNamespaces === true ? {} : { namespace };
    const held = await heldPods(cluster, { ...place, ...selectorsOf(flags), names });
    if (held.blindness !== undefined) io.err(`warning: whose the Pods are is not known: ${held.blindness}\n`);
    const near = held.missing.length === 0 ? [] : await namesOf(cluster, 'Task', namespace);
    for (const name of held.missing) io.err(`error: ${notFoundText('Task', namespace, name, near)}, and no Pod of it is left\n`);
    const lease = { namespace: flags.leaderElectNamespace, name: flags.leaderElectLeaseName };
    const controller = await controllerOf(cluster, lease, realClock.now());
    if (controller.state === 'Leads' && held.pods.length > 0)
      io.err(`warning: a controller runs: ${controller.says}; it holds the Pods that it makes from now on, so end it first\n`);
    const pods = await releaseAll(cluster, held.pods, flags.dryRun === true);
    await print({ formatVersion: 1, controller, pods }, { isAnything: held.missing.length === 0, place }, flags, io);
    for (const { message } of pods) if (message !== undefined) io.err(`error: ${message}\n`);
    return held.missing.length > 0 || pods.some(({ result }) => result === 'Failed') ? EXIT.error : EXIT.ok;
  });
}

function checkWho(names: readonly string[], flags: ReleaseFlags): void {
  if (names.length > 0 && flags.allNamespaces === true)
    throw new Error('release: expected names or -A; a name is looked for in one namespace');
  if (names.length > 0 && isSelective(flags)) throw new Error('release: expected names or -l, not both');
}

async function releaseAll(cluster: ReachedCluster, held: readonly HeldPod[], isDry: boolean): Promise<readonly ReleasedPod[]> {
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

async function print(report: ReleaseReport, { isAnything, place }: Asked, { output, headers }: ReleaseFlags, io: Io): Promise<void> {
  const { pods } = report;
  if (isDataForm(output)) return io.out(await rendered(report, output));
  switch (output) {
    case 'name':
      io.out(
        pods
          .filter(({ result }) => result !== 'Failed')
          .map(({ name }) => `pod/${name}\n`)
          .join(''),
      );
      return;
    case 'table':
      if (pods.length > 0) io.out(releaseTable(pods, headers));
      else if (isAnything) io.err(`No Pod to release in ${place.namespace === undefined ? 'any' : place.namespace} namespace.\n`);
  }
}
