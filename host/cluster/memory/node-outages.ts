/** Nodes whose kubelet does not reach the API server: it neither hears nor tells anything, and what runs there goes on. */
export class NodeOutages {
  readonly #nodes = new Set<string>();
  readonly #listeners: ((node: string) => void)[] = [];

  isOut(node: string | undefined): boolean {
    return node !== undefined && this.#nodes.has(node);
  }

  begin(node: string): void {
    this.#nodes.add(node);
  }

  /** The kubelet tells what happened meanwhile, and learns what was asked of it. */
  end(node: string): void {
    if (!this.#nodes.delete(node)) return;
    for (const listener of this.#listeners) listener(node);
  }

  /** Calls `listener` each time that a node has come back. */
  onEnd(listener: (node: string) => void): void {
    this.#listeners.push(listener);
  }
}
