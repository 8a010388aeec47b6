import type { Agent } from '#core/api/agent.ts';
import type { AgentTemplate } from '#core/api/agent-template.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Change } from '#host/cluster/memory/object-store.ts';
import type { World } from '#host/cluster/memory/world.ts';

/** What an Agent says from a version on. */
export interface LimitsRecord {
  readonly revision: number;
  /** undefined: no limit. */
  readonly maxConcurrentTasks: number | undefined;
  readonly maxTaskStarts: number | undefined;
}

/** What each Agent has said at some time of how many Tasks it runs and starts, after the merge with its template. */
export class AgentLimits {
  readonly #world: World;
  /** By `namespace/name`. */
  readonly #records = new Map<string, LimitsRecord[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The limits of an Agent (`namespace/name`), oldest first; none of one that never was there. */
  of(agent: string): readonly LimitsRecord[] {
    return this.#records.get(agent) ?? [];
  }

  /** Takes in a change of an Agent or an AgentTemplate. */
  enter({ object }: Change): void {
    const namespace = object.metadata.namespace ?? '';
    for (const stored of this.#world.server.store.values('Agent')) {
      if (stored.metadata.namespace !== namespace) continue;
      const agent = stored as StoredObject & Agent;
      const templateName = agent.spec.templateRef?.name;
      const template =
        templateName === undefined ? undefined : this.#world.server.find({ kind: 'AgentTemplate', namespace, name: templateName });
      const inherited = (template as (StoredObject & AgentTemplate) | undefined)?.spec;
      const most = agent.spec.maxConcurrentTasks ?? inherited?.maxConcurrentTasks;
      const entry: LimitsRecord = {
        revision: Number(object.metadata.resourceVersion),
        maxConcurrentTasks: limit(most),
        maxTaskStarts: limit((agent.spec.quota ?? inherited?.quota)?.maxTaskStarts),
      };
      const key = `${namespace}/${agent.metadata.name}`;
      const known = this.of(key);
      const last = known.at(-1);
      if (last?.maxConcurrentTasks === entry.maxConcurrentTasks && last?.maxTaskStarts === entry.maxTaskStarts && last !== undefined)
        continue;
      this.#records.set(key, [...known, entry]);
    }
  }
}

/** Nonsense, which an older CRD lets in, is no limit. */
function limit(most: unknown): number | undefined {
  return typeof most === 'number' && most > 0 ? most : undefined;
}
