import type { Kind } from '#core/contract/kinds.ts';
import type { ClusterError } from '../cluster.ts';
import { forbidden, namespaceNotFound } from './errors.ts';

/** Namespaces by name, and which of them are being deleted. Namespaces are no kind of the `Cluster` interface, so this is all there is of them. */
export class Namespaces {
  readonly #known: Set<string> | null;
  readonly #terminating = new Set<string>();

  /** `null`: every namespace exists until it is deleted. */
  constructor(names: readonly string[] | null) {
    this.#known = names === null ? null : new Set(names);
  }

  add(name: string): void {
    this.#known?.add(name);
    this.#terminating.delete(name);
  }

  /** Nothing can be created in it from now on. */
  terminate(name: string): void {
    this.#terminating.add(name);
  }

  /** It is empty and gone. */
  remove(name: string): void {
    this.#terminating.delete(name);
    this.#known?.delete(name);
  }

  isTerminating(name: string): boolean {
    return this.#terminating.has(name);
  }

  /** Why nothing may be created there; undefined when it may. */
  refusal(namespace: string, kind: Kind, name: string): ClusterError | undefined {
    if (this.#known !== null && !this.#known.has(namespace)) return namespaceNotFound(namespace);
    if (!this.#terminating.has(namespace)) return undefined;
    return forbidden(kind, name, `unable to create new content in namespace ${namespace} because it is being terminated`);
  }
}
