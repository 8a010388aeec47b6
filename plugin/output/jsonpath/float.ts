/** A number of a template that was written with a dot: Go tells 1 from 1.0. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}
