import { characterFrom, type TailBuffer } from './tail-buffer.ts';

const NEWLINE = 0x0a;
/**
 * How much more than is kept of a log is looked at, in bytes: secrets are recognised by what stands before them (`Authorization:`, `-----BEGIN`), so they are
 * blotted out before the text is cut.
 */
export const SIGHT_BYTES = 4_096;

/** The end of a log as it is kept. */
export interface Tail {
  readonly text: string;
  /** Whether there was more before it. */
  readonly truncated: boolean;
}

/** What is kept of what came: at most `limitBytes`, without secrets, from the beginning of a line where one is near. */
export function tailOf(buffer: TailBuffer, limitBytes: number, redact: (text: string) => string): Tail {
  const whole = buffer.text();
  // The beginning of what was cut off may have said that its rest is a secret.
  const seen = buffer.hasLost ? whole.slice(afterFirstBreak(whole)) : whole;
  const clean = redact(seen);
  const text = lastLines(clean, limitBytes);
  return { text, truncated: buffer.hasLost || text.length < clean.length };
}

function afterFirstBreak(text: string): number {
  const near = text.slice(0, SIGHT_BYTES);
  const line = near.indexOf('\n');
  return line >= 0 ? line + 1 : near.search(/\s/) + 1;
}

/** The end of a text in at most so many bytes of UTF-8: whole characters, and whole lines where that costs less than half. */
export function lastLines(text: string, limitBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limitBytes) return text;
  const from = characterFrom(bytes, bytes.length - limitBytes);
  if (bytes[from - 1] === NEWLINE) return bytes.toString('utf8', from);
  const line = bytes.indexOf(NEWLINE, from) + 1;
  const isNear = line > 0 && bytes.length - line >= limitBytes / 2;
  return bytes.toString('utf8', isNear ? line : from);
}
