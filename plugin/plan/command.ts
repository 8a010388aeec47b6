import { loadEngine } from '#host/engine/wasm-engine.ts';
import { isSelective, selectorsOf } from '../choose.ts';
import type { PlanFlags } from '../commands/plan.ts';
import type { Plan } from '../contract/plan.ts';
import { readCore } from '../core-file.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Fault, formatFault, sortFaults } from '../input/fault.ts';
import { type Manifests, readManifests } from '../input/objects.ts';
import { readDocuments } from '../input/read-documents.ts';
import { type Io, plain } from '../io.ts';
import type { Live, LiveRun, Selection } from './live.ts';
import { hasChanges } from './model.ts';
import { planOf } from './planned.ts';
import { printed } from './print.ts';
import { type RunOptions, runPlan } from './run.ts';
import { FILES_START_MS, type PlanStart, startMsOf } from './start.ts';

/** What the plan works with when no cluster is asked. */
const DEFAULT_NAMESPACE = 'default';

/** `kubectl opencode plan`: reads, runs, prints. Throws what can't be mended by the user's manifests (no core, no cluster). */
export async function runPlanCommand(names: readonly string[], flags: PlanFlags, io: Io): Promise<ExitCode> {
  checkWho(names, flags);
  const { objects, faults: syntax } = await readDocuments(flags, io);
  const isLive = flags.live === true || names.length > 0 || isFleet(flags);
  const live = isLive ? await (await import('./live.ts')).openLive(flags, io) : undefined;
  try {
    const manifests = readManifests(objects, live?.namespace ?? flags.namespace ?? DEFAULT_NAMESPACE, flags.namespace !== undefined);
    tellFaults([...syntax, ...manifests.faults], io);
    tellLeftOut(manifests, io);
    if (syntax.length > 0) return fail(io, `${count(syntax.length, 'fault')} in what was to be read; nothing was planned`);
    const { run, lacked, missing } = await made({ names, flags, manifests, live });
    for (const text of missing) io.err(`error: ${text}\n`);
    if (missing.length > 0 && run.tasks.length === 0) return EXIT.error;
    const plan = planOf(run, lacked);
    io.out(await printed(plan, { flags, io, isFleet: isFleet(flags) }));
    return missing.length > 0 ? EXIT.error : verdict(plan, manifests, flags, io);
  } finally {
    await live?.close();
  }
}

function isFleet(flags: PlanFlags): boolean {
  return flags.all === true || flags.allNamespaces === true || isSelective(flags);
}

function checkWho(names: readonly string[], flags: PlanFlags): void {
  if (names.length > 0 && isFleet(flags)) throw new Error('plan: expected one way to choose Tasks; give names, or -l, --all or -A');
  if (names.length === 0 && !isFleet(flags) && (flags.filename ?? []).length === 0)
    throw new Error(
      'plan: expected Tasks to plan; name them, select them with -l, --all or -A, or give files with -f FILE, -f FOLDER or -f -',
    );
}

interface Making {
  readonly names: readonly string[];
  readonly flags: PlanFlags;
  readonly manifests: Manifests;
  readonly live: Live | undefined;
}

async function made({ names, flags, manifests, live }: Making): Promise<LiveRun> {
  const { objects } = manifests;
  const options: Omit<RunOptions, 'startMs'> = {
    engine: loadEngine(readCore(flags.core)),
    horizonMs: flags.horizon,
    ...(flags.assume === undefined ? {} : { assume: flags.assume }),
    ...(flags.runFor === undefined ? {} : { runForMs: flags.runFor }),
  };
  const start: { readonly start?: PlanStart } = flags.at === undefined ? {} : { start: flags.at };
  if (live !== undefined) return live.run({ options, objects, selection: selectionOf(names, flags, live.namespace), ...start });
  const run = await runPlan({ ...options, objects, startMs: startMsOf(flags.at, FILES_START_MS) });
  return { run, lacked: [], missing: [] };
}

function selectionOf(names: readonly string[], flags: PlanFlags, namespace: string): Selection {
  if (names.length > 0) return { type: 'Named', names };
  if (!isFleet(flags)) return { type: 'None' };
  const place = flags.allNamespaces === true ? {} : { namespace };
  return { type: 'Many', scope: { ...place, ...selectorsOf(flags) } };
}

function verdict(plan: Plan, manifests: Manifests, flags: PlanFlags, io: Io): ExitCode {
  if (manifests.faulty.length > 0) {
    io.err(`error: ${manifests.faulty.join(', ')} can't be planned as written\n`);
    return EXIT.blocked;
  }
  if (plan.tasks.some(({ blocked }) => blocked !== undefined)) return EXIT.blocked;
  return flags.detailedExitcode === true && hasChanges(plan) ? EXIT.changes : EXIT.ok;
}

function tellFaults(faults: readonly Fault[], io: Io): void {
  for (const fault of sortFaults(faults)) io.err(`${formatFault(fault, plain)}\n`);
}

function tellLeftOut({ leftOut }: Manifests, io: Io): void {
  if (leftOut.length > 0) io.err(`not part of a plan, left out: ${leftOut.join(', ')}\n`);
}

function fail(io: Io, message: string): ExitCode {
  io.err(`error: ${message}\n`);
  return EXIT.error;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
