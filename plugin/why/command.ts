import { loadEngine } from '#host/engine/wasm-engine.ts';
import { realClock } from '#host/real-clock.ts';
import { withCluster } from '../cluster/open.ts';
import { findTasks } from '../cluster/read.ts';
import type { WhyFlags } from '../commands/why.ts';
import type { Why } from '../contract/why.ts';
import { readCore } from '../core-file.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { colored, type Io, type Paint, plain } from '../io.ts';
import { explain } from './explain.ts';
import { type WhyTextOptions, whyText } from './text/text.ts';

/** `kubectl opencode why`: reads and explains. Throws where there is no such Task, no cluster or no core. */
export async function runWhyCommand(name: string, flags: WhyFlags, io: Io): Promise<ExitCode> {
  const paint: Paint = flags.color && io.takesColor ? colored : plain;
  const engine = loadEngine(readCore(flags.core));
  const { context, kubeconfig } = flags;
  const target = { ...(context === undefined ? {} : { context }), ...(kubeconfig === undefined ? {} : { kubeconfig }) };
  const lease = { namespace: flags.leaderElectNamespace, name: flags.leaderElectLeaseName };
  const why = await withCluster(flags, async ({ cluster, namespace }) => {
    const { tasks, missing } = await findTasks(cluster, namespace, [name]);
    const [task] = tasks;
    if (task === undefined) throw new Error(missing.join('; '));
    return explain({ engine, cluster, task, nowMs: realClock.now(), lease, target });
  });
  io.out(await rendered(why, flags.output, { paint, columns: io.columns }));
  return EXIT.ok;
}

async function rendered(why: Why, form: WhyFlags['output'], options: WhyTextOptions): Promise<string> {
  switch (form) {
    case 'json':
      return `${JSON.stringify(why, null, 2)}\n`;
    case 'yaml':
      return (await import('yaml')).stringify(why, { lineWidth: 0, aliasDuplicateObjects: false });
    case 'text':
      return whyText(why, options);
  }
}
