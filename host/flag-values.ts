/** A flag's value, read; the message says what form is wanted. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Go duration of whole or decimal parts, 0 or more, in milliseconds: `90s`, `1h30m`, `0`. */
export function parseDurationMs(text: string): Parsed<number> {
  if (text === '0') return { ok: true, value: 0 };
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return wanted(text, 'a duration such as 90s, 30m or 1h30m');
  let totalMs = 0;
  for (const [, number = '', unit = 's'] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    totalMs += Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS];
  return { ok: true, value: totalMs };
}

const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** Kubernetes quantity of bytes, whole: `256Mi`, `1G`, `1048576`. */
export function parseSizeBytes(text: string): Parsed<number> {
  const match = /^(\d+)(|k|M|G|Ki|Mi|Gi)$/.exec(text);
  const unit = UNIT_BYTES[match?.[2] ?? '-'];
  if (match === null || unit === undefined) return wanted(text, 'a size such as 64Mi, 1Gi or 1000000');
  return { ok: true, value: Number(match[1]) * unit };
}

/** Where to listen. */
export interface ListenAddress {
  /** Empty: all interfaces. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Address as Go programs take it: `:8080` (all interfaces), `127.0.0.1:0` (any free port), `[::1]:8080`; `0` means none. */
export function parseAddress(text: string): Parsed<ListenAddress | 'off'> {
  if (text === '0') return { ok: true, value: 'off' };
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return wanted(text, 'an address such as :8080, 127.0.0.1:8080 or [::1]:8080, or 0 for none');
  return { ok: true, value: { host: match[1] ?? match[2] ?? '', port } };
}

/** Whole number in a range. */
export function parseCount(minimum: number, maximum: number): (text: string) => Parsed<number> {
  return (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= minimum && value <= maximum
      ? { ok: true, value }
      : wanted(text, `a whole number from ${minimum} to ${maximum}`);
  };
}

export function parseBoolean(text: string): Parsed<boolean> {
  return text === 'true' || text === 'false' ? { ok: true, value: text === 'true' } : wanted(text, 'true or false');
}

/** One of a few words. */
export function parseChoice<T extends string>(choices: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    return choice === undefined ? wanted(text, `one of ${choices.join(', ')}`) : { ok: true, value: choice };
  };
}

/** Text that fits a pattern; `form` describes it to people. */
export function parseMatching(pattern: RegExp, form: string): (text: string) => Parsed<string> {
  return (text) => (pattern.test(text) ? { ok: true, value: text } : wanted(text, form));
}

function wanted(text: string, form: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message: `${JSON.stringify(text)} is not right; want ${form}` };
}
