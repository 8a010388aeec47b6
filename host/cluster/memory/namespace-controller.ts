import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { ApiServer } from './api-server.ts';

/** Deletes namespaces: from the request on nothing can be created there, then all that is there is deleted, and when it is empty it is gone. */
export class NamespaceController {
  readonly #server: ApiServer;
  readonly #delayMs: number;

  /** `delayMs`: from the request to the deletion of what is in it. Default 100. */
  constructor(server: ApiServer, { delayMs = 100 }: { readonly delayMs?: number } = {}) {
    this.#server = server;
    this.#delayMs = delayMs;
    for (const kind of namespacedKinds()) {
      server.store.listen(kind, ({ type, object }) => {
        const namespace = object.metadata.namespace ?? '';
        if (type === 'DELETED' && server.namespaces.isTerminating(namespace)) this.#removeIfEmpty(namespace);
      });
    }
  }

  delete(namespace: string): void {
    this.#server.namespaces.terminate(namespace);
    this.#server.clock.after(this.#delayMs, () => {
      for (const object of this.#contents(namespace)) {
        const { kind, metadata } = object;
        this.#server.delete(
          { kind, namespace, name: metadata.name },
          { uid: metadata.uid, propagationPolicy: 'Background' },
          'namespace-controller',
        );
      }
      this.#removeIfEmpty(namespace);
    });
  }

  #removeIfEmpty(namespace: string): void {
    if (this.#contents(namespace).length === 0) this.#server.namespaces.remove(namespace);
  }

  #contents(namespace: string) {
    return namespacedKinds().flatMap((kind) =>
      [...this.#server.store.values(kind)].filter(({ metadata }) => metadata.namespace === namespace),
    );
  }
}

function namespacedKinds(): Kind[] {
  return (Object.keys(RESOURCES) as Kind[]).filter((kind) => RESOURCES[kind].namespaced);
}
