import type { Agent } from '#core/api/agent.ts';
import type { Draw } from './draw.ts';
import type { Fields, Happening, Timed } from './scenario.ts';
import { nonsenseForAgent } from './strange.ts';

/** A namespace, and what Tasks in it may name. */
export interface Place {
  readonly namespace: string;
  readonly agents: readonly string[];
  readonly templates: readonly string[];
}

/** What a namespace that was deleted needs before a Task can run there. */
export function referencesAgain(draw: Draw, { namespace, agents, templates }: Place, atMs: number): readonly Timed[] {
  return [
    ...templates.map((name): Timed => ({ atMs, happening: { type: 'ApplyTemplate', at: { namespace, name }, spec: base(draw) } })),
    ...agents.map((name): Timed => ({ atMs, happening: { type: 'ApplyAgent', at: { namespace, name }, spec: base(draw) } })),
  ];
}

/** Agents and templates: there at the beginning, later, or never; changed, suspended, deleted, made again. */
export function referencesOf(draw: Draw, place: Place, quietAfterMs: number): readonly Timed[] {
  const { namespace } = place;
  const firstMs = (): number => draw.weighted([[6, 0], [2, draw.int(1, 40) * 1_000], [1, draw.int(40, 100) * 1_000]]); // biome-ignore format: a table
  const happenings: Timed[] = [];
  for (const name of place.templates) {
    const at = { namespace, name };
    happenings.push({
      atMs: firstMs(),
      happening: { type: 'ApplyTemplate', at, spec: { ...base(draw), ...(draw.chance(0.2) ? { maxConcurrentTasks: 2 } : {}) } },
    });
    if (draw.chance(0.08))
      happenings.push(...gone(draw, { kind: 'AgentTemplate', at }, { type: 'ApplyTemplate', at, spec: base(draw) }, quietAfterMs));
  }
  for (const name of place.agents) {
    const at = { namespace, name };
    const spec = agentSpec(draw, place);
    happenings.push({ atMs: firstMs(), happening: { type: 'ApplyAgent', at, spec } });
    if (spec.execution === 'Attach') {
      happenings.push({ atMs: draw.int(0, 30) * 1_000, happening: { type: 'AgentReady', at, ready: true } });
      if (draw.chance(0.2)) happenings.push({ atMs: draw.int(0, quietAfterMs), happening: { type: 'AgentReady', at, ready: false } });
    }
    if (draw.chance(0.25)) {
      const change = draw.pick<Partial<Agent['spec']> | Fields>([
        { maxConcurrentTasks: draw.int(1, 4) },
        { maxConcurrentTasks: 0 },
        { suspend: true },
        { execution: 'Attach' },
        { execution: 'Pod' },
        { templateRef: { name: draw.pick(place.templates) } },
        { templateRef: null },
      ]);
      const atMs = draw.int(0, quietAfterMs);
      happenings.push({ atMs, happening: { type: 'ApplyAgent', at, spec: change } });
      if (change.suspend === true && draw.chance(0.8))
        happenings.push({ atMs: atMs + draw.int(1, 60) * 1_000, happening: { type: 'ApplyAgent', at, spec: { suspend: false } } });
    }
    if (draw.chance(0.06)) {
      const atMs = draw.int(0, quietAfterMs);
      happenings.push({ atMs, happening: { type: 'ApplyAgent', at, spec: nonsenseForAgent(draw) } });
      if (draw.chance(0.7))
        happenings.push(...replaced(draw, { kind: 'Agent', at }, { type: 'ApplyAgent', at, spec: agentSpec(draw, place) }, atMs));
    }
    if (draw.chance(0.1))
      happenings.push(...gone(draw, { kind: 'Agent', at }, { type: 'ApplyAgent', at, spec: agentSpec(draw, place) }, quietAfterMs));
  }
  return happenings;
}

function base(draw: Draw): { readonly workspaceDir: string; readonly serviceAccountName: string; readonly podSpec: object } {
  const terminationGracePeriodSeconds = draw.pick([0, 2, 10, 30]);
  return { workspaceDir: '/workspace', serviceAccountName: 'agent', podSpec: { terminationGracePeriodSeconds } };
}

function agentSpec(draw: Draw, place: Place): Partial<Agent['spec']> {
  return {
    ...(draw.chance(0.3) ? { templateRef: { name: draw.pick(place.templates) } } : {}),
    ...base(draw),
    ...(draw.chance(0.6) ? { maxConcurrentTasks: draw.int(1, 3) } : {}),
    ...(draw.chance(0.2) ? { quota: { maxTaskStarts: draw.int(1, 4), windowSeconds: 60 } } : {}),
    ...(draw.chance(0.25) ? { execution: 'Attach' as const } : {}),
    ...(draw.chance(0.1) ? { taskDefaults: { timeout: `${draw.int(3, 60)}s` } } : {}),
  };
}

/** Made anew, which takes away whatever was in it. */
function replaced(
  draw: Draw,
  target: Pick<Extract<Happening, { type: 'Delete' }>, 'kind' | 'at'>,
  again: Happening,
  afterMs: number,
): readonly Timed[] {
  const atMs = afterMs + draw.int(1, 40) * 1_000;
  return [
    { atMs, happening: { type: 'Delete', ...target, options: {} } },
    { atMs, happening: again },
  ];
}

function gone(
  draw: Draw,
  target: Pick<Extract<Happening, { type: 'Delete' }>, 'kind' | 'at'>,
  again: Happening,
  quietAfterMs: number,
): readonly Timed[] {
  const atMs = draw.int(0, quietAfterMs);
  const deleted: Timed = { atMs, happening: { type: 'Delete', ...target, options: {} } };
  return draw.chance(0.7) ? [deleted, { atMs: atMs + draw.int(0, 50_000), happening: again }] : [deleted];
}
