/** Chooses by chance. */
export class Dice {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  pick<T>(options: readonly [T, ...T[]]): T {
    return options[Math.floor(this.#random() * options.length)] ?? options[0];
  }

  maybe(chance: number): boolean {
    return this.#random() < chance;
  }
}
