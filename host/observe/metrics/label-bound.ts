import type { Sample } from './kit.ts';

/** Whose numbers they are. */
export interface Owner {
  readonly namespace: string;
  /** Empty: Tasks of an AgentTemplate, or all of the namespace. */
  readonly agent: string;
}

/** Stands in the place of a namespace, an Agent or a rule that came when there were too many already. */
export const OTHER = '_other';

/** How many pairs of namespace and Agent are told apart. With the longest list of other labels that is below 50,000 series in all. */
const MAX_OWNERS = 500;

/**
 * Keeps the number of series bounded, whatever people create: the first `limit` owners have series of their own, those that come later share one, until some
 * of the first are gone. Users make namespaces and Agents, and a counter keeps each label that it ever had.
 */
export class LabelBound {
  readonly #limit: number;
  readonly #onFolded: () => void;
  readonly #owners = new Map<string, Owner>();

  /** `onFolded` is called for each number that went to the shared series. */
  constructor(onFolded: () => void, limit = MAX_OWNERS) {
    this.#limit = limit;
    this.#onFolded = onFolded;
  }

  get isFull(): boolean {
    return this.#owners.size >= this.#limit;
  }

  admit({ namespace, agent }: Owner): Owner {
    const key = `${namespace}/${agent}`;
    const known = this.#owners.get(key);
    if (known !== undefined) return known;
    if (this.isFull) {
      this.#onFolded();
      return { namespace: OTHER, agent: agent === '' ? '' : OTHER };
    }
    const owner = { namespace, agent };
    this.#owners.set(key, owner);
    return owner;
  }

  /** Forgets those of whom there is nothing any more; returns them, so that their series go too. */
  prune(isThere: (owner: Owner) => boolean): readonly Owner[] {
    const gone = [...this.#owners].filter(([, owner]) => !isThere(owner));
    for (const [key] of gone) this.#owners.delete(key);
    return gone.map(([, owner]) => owner);
  }

  /** Samples with `namespace`, and perhaps `agent`, among their labels; what is shared is added up. */
  fold(samples: readonly Sample[]): readonly Sample[] {
    const folded = new Map<string, { readonly labels: Sample['labels']; value: number }>();
    for (const { labels, value } of samples) {
      const { namespace, agent } = this.admit({ namespace: labels.namespace ?? '', agent: labels.agent ?? '' });
      const bounded = { ...labels, namespace, ...(labels.agent === undefined ? {} : { agent }) };
      const key = JSON.stringify(bounded);
      const sum = folded.get(key);
      if (sum === undefined) folded.set(key, { labels: bounded, value });
      else sum.value += value;
    }
    return [...folded.values()];
  }
}

/** The first `limit` words as they are, all others as one. */
export function boundedWords(limit: number, onFolded: () => void): (word: string) => string {
  const known = new Set<string>();
  return (word) => {
    if (known.has(word)) return word;
    if (known.size >= limit) {
      onFolded();
      return OTHER;
    }
    known.add(word);
    return word;
  };
}
