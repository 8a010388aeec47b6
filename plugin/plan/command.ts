import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import type { PlanFlags } from '../commands/plan.ts';
import { coreFile } from '../core-file.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { parseSource } from '../input/documents.ts';
import { type Fault, formatFault, sortFaults } from '../input/fault.ts';
import { type Manifests, readManifests } from '../input/objects.ts';
import { readSources } from '../input/sources.ts';
import { colored, type Io, type Paint, plain } from '../io.ts';
import { hasChanges, type Plan, planOf } from './model.ts';
import { runPlan } from './run.ts';
import { planText } from './text.ts';

/** What the plan works with when no cluster is asked. */
const DEFAULT_NAMESPACE = 'default';

/** `kubectl opencode plan`: reads, runs, prints. Throws what can't be mended by the user's manifests (no core, no cluster). */
export async function runPlanCommand(flags: PlanFlags, io: Io): Promise<ExitCode> {
  const paint: Paint = flags.color && io.takesColor ? colored : plain;
  const filenames = flags.filename ?? [];
  if (filenames.length === 0) throw new Error('plan: expected files to plan; name them with -f FILE, -f FOLDER or -f -');
  const sources = await readSources(filenames, flags.recursive === true, io);
  if (!sources.ok) throw new Error(sources.message);
  const live = flags.live === true ? await (await import('./live.ts')).openLive(flags, io) : undefined;
  try {
    const parsed = sources.sources.map(parseSource);
    const isForced = flags.namespace !== undefined;
    const namespace = flags.namespace ?? live?.namespace ?? DEFAULT_NAMESPACE;
    const manifests = readManifests(
      parsed.flatMap(({ objects }) => objects),
      namespace,
      isForced,
    );
    const syntax = parsed.flatMap(({ faults }) => faults);
    tellFaults([...syntax, ...manifests.faults], io);
    tellLeftOut(manifests, io);
    if (syntax.length > 0) return fail(io, `${count(syntax.length, 'fault')} in what was to be read; nothing was planned`);
    const engine = loadEngine(readFileSync(coreFile(flags.core)));
    const options = {
      engine,
      horizonMs: flags.horizon,
      ...(flags.assume === undefined ? {} : { assume: flags.assume }),
      ...(flags.runFor === undefined ? {} : { runForMs: flags.runFor }),
    };
    const run = live === undefined ? await runPlan({ ...options, objects: manifests.objects }) : await live.run(options, manifests.objects);
    const plan = planOf(run);
    io.out(rendered(plan, flags, paint));
    return verdict(plan, manifests, flags, io);
  } finally {
    await live?.close();
  }
}

function rendered(plan: Plan, flags: PlanFlags, paint: Paint): string {
  const toYaml = (value: unknown): string => stringify(value, YAML);
  switch (flags.output) {
    case 'json':
      return `${JSON.stringify(plan, null, 2)}\n`;
    case 'yaml':
      return toYaml(plan);
    case 'text':
      return planText(plan, { paint, toYaml, applyWith: `kubectl apply ${(flags.filename ?? []).map((file) => `-f ${file}`).join(' ')}` });
  }
}

/** As kubectl prints: no folded lines, no anchors. */
const YAML = { lineWidth: 0, aliasDuplicateObjects: false } as const;

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
