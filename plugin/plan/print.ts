import { targetWords } from '../cluster/target.ts';
import type { PlanFlags } from '../commands/plan.ts';
import type { Plan } from '../contract/plan.ts';
import { colored, type Io, type Paint, plain } from '../io.ts';
import { fileWords, shellLine, stdinAgain } from '../kubectl.ts';
import { isDataForm } from '../output/flag.ts';
import { rendered, renderer } from '../output/render.ts';
import { planText } from './text.ts';

export interface PrintOptions {
  readonly flags: PlanFlags;
  readonly io: Pick<Io, 'columns' | 'takesColor'>;
  /** Many Tasks were asked for: a summary. */
  readonly isFleet: boolean;
}

/** A plan as `-o` wants it. */
export async function printed(plan: Plan, { flags, io, isFleet }: PrintOptions): Promise<string> {
  if (isDataForm(flags.output)) return rendered(plan, flags.output);
  if (flags.output === 'name') return plan.tasks.map(({ name }) => `task.kubeopencode.io/${name}\n`).join('');
  const paint: Paint = flags.color && io.takesColor ? colored : plain;
  const options = {
    paint,
    toYaml: await renderer('yaml'),
    ...((flags.filename ?? []).length === 0 ? {} : { applyWith: applyText(flags) }),
    ...(io.columns === undefined ? {} : { width: io.columns }),
  };
  const isWide = flags.output === 'wide';
  if (!isFleet && !isWide) return planText(plan, options);
  const { fleetText } = await import('./fleet-text.ts');
  return fleetText(plan, { ...options, isWide, hasSteps: flags.showSteps === true, hasHeaders: flags.headers });
}

/** The command that applies what was planned, where it was planned. */
function applyText(flags: PlanFlags): string {
  return `${shellLine(['kubectl', 'apply', ...fileWords(flags), ...targetWords(flags)])}${stdinAgain(flags.filename ?? [])}`;
}
