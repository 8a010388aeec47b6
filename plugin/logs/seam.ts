/** A line as a kubelet gives it where times are asked for. Source: kubernetes pkg/kubelet/kuberuntime/logs, timeFormatOut. */
const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d) /;
/** Lines of stdout and stderr may stand in a log a little out of the order of their times. */
const OUT_OF_ORDER_SECONDS = 1;

interface Stamp {
  /** Since the epoch. */
  readonly second: number;
  /** To compare: greater is later. */
  readonly key: string;
  readonly length: number;
}

export interface SeamOptions {
  /** Whether lines are given with their times. */
  readonly timestamps: boolean;
  /** Whether the first stream may begin within the log: then nothing of later ones is from before its first line. */
  readonly isPart: boolean;
}

/**
 * Puts a log together from streams of which each begins where the one before may not have ended yet: no line is lost, none is given twice. Streams come with
 * times; a line without one is a kubelet's own word and is given as it comes.
 */
export class Seam {
  readonly #options: SeamOptions;
  /** How often each line came, by the second of its time: those of the last seconds. */
  readonly #recent = new Map<number, Map<string, number>>();
  /** What of the present stream came before. */
  #known = new Map<string, number>();
  #first: string | undefined;
  #latest = Number.NEGATIVE_INFINITY;
  #unended = '';

  constructor(options: SeamOptions) {
    this.#options = options;
  }

  /** From when on the next stream is to be asked for; undefined: nothing has come yet. */
  get since(): string | undefined {
    if (this.#latest === Number.NEGATIVE_INFINITY) return undefined;
    return new Date((this.#latest - OUT_OF_ORDER_SECONDS) * 1_000).toISOString().replace('.000Z', 'Z');
  }

  /** The whole lines of a piece that are new. */
  push(text: string): string {
    const lines = `${this.#unended}${text}`.split('\n');
    this.#unended = lines.pop() ?? '';
    return lines.map((line) => this.#take(`${line}\n`)).join('');
  }

  /** The stream broke off, and another follows: half a line, which is returned, comes again. */
  breakOff(): string {
    const half = this.#unended;
    this.#unended = '';
    this.#known = new Map([...this.#recent.values()].flatMap((lines) => [...lines]));
    return this.#shown(half);
  }

  /** The log has ended: what stands behind its last line feed. */
  end(): string {
    const rest = this.#unended;
    this.#unended = '';
    return rest === '' ? '' : this.#take(rest);
  }

  #take(line: string): string {
    const stamp = stampOf(line);
    if (stamp === undefined) return line;
    const times = this.#known.get(line) ?? 0;
    if (times > 0) {
      this.#known.set(line, times - 1);
      return '';
    }
    this.#first ??= stamp.key;
    if (this.#options.isPart && stamp.key < this.#first) return '';
    this.#remember(line, stamp.second);
    return this.#shown(line);
  }

  #shown(line: string): string {
    return this.#options.timestamps ? line : line.slice(stampOf(line)?.length ?? 0);
  }

  #remember(line: string, second: number): void {
    if (second > this.#latest) {
      this.#latest = second;
      for (const old of [...this.#recent.keys()]) if (old < second - OUT_OF_ORDER_SECONDS) this.#recent.delete(old);
    }
    if (second < this.#latest - OUT_OF_ORDER_SECONDS) return;
    const lines = this.#recent.get(second) ?? new Map<string, number>();
    lines.set(line, (lines.get(line) ?? 0) + 1);
    this.#recent.set(second, lines);
  }
}

function stampOf(line: string): Stamp | undefined {
  const [whole = '', time = '', fraction = '.0', zone = ''] = STAMPED.exec(line) ?? [];
  const second = Date.parse(`${time}${zone}`) / 1_000;
  if (Number.isNaN(second)) return undefined;
  return { second, key: `${second}${fraction.padEnd(10, '0')}`, length: whole.length };
}
