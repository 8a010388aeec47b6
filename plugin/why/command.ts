import { loadEngine } from '#host/engine/wasm-engine.ts';
import { realClock } from '#host/real-clock.ts';
import { withCluster } from '../cluster/open.ts';
import { findTasks } from '../cluster/read.ts';
import type { WhyFlags } from '../commands/why.ts';
import { readCore } from '../core-file.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { colored, type Io, type Paint, plain } from '../io.ts';
import { isDataForm } from '../output/flag.ts';
import { rendered } from '../output/render.ts';
import { explain } from './explain.ts';
import { whyText } from './text/text.ts';

/** `kubectl opencode why`: reads and explains. Throws where there is no such Task, no cluster or no core. */
export async function runWhyCommand(name: string, flags: WhyFlags, io: Io): Promise<ExitCode> {
  const paint: Paint = flags.color && io.takesColor ? colored : plain;
  const engine = loadEngine(readCore(flags.core));
  const lease = { namespace: flags.leaderElectNamespace, name: flags.leaderElectLeaseName };
  const { why, access } = await withCluster(flags, io, async ({ cluster, namespace }) => {
    const { tasks, missing } = await findTasks(cluster, namespace, [name]);
    const [task] = tasks;
    if (task === undefined) throw new Error(missing.join('; '));
    return { why: await explain({ engine, cluster, task, nowMs: realClock.now(), lease }), access: cluster.access };
  });
  io.out(isDataForm(flags.output) ? await rendered(why, flags.output) : whyText(why, { paint, columns: io.columns, access }));
  return EXIT.ok;
}
