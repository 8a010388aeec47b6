const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** FNV-1a of the text's UTF-8 bytes, 32 bits, as 8 hex digits. For names that must differ, never for secrets. Source: the FNV reference. */
export function fnv1a32(text: string): string {
  return hex(hashOf(text, OFFSET_BASIS));
}

/** `fnv1a32` of the text, and of the text with `end` behind it, which costs only the end. */
export function fnv1a32Both(text: string, end: string): string {
  const hash = hashOf(text, OFFSET_BASIS);
  return hex(hash) + hex(hashOf(end, hash));
}

function hex(hash: number): string {
  return (hash >>> 0).toString(16).padStart(8, '0');
}

function hashOf(text: string, start: number): number {
  let hash = start;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Names are ASCII, and each is hashed at each decision: what is beyond takes the long way.
    if (unit < 0x80) {
      hash = Math.imul(hash ^ unit, PRIME);
      continue;
    }
    const point = text.codePointAt(index) ?? 0;
    if (point > 0xffff) index++;
    for (const byte of utf8Bytes(point)) hash = Math.imul(hash ^ byte, PRIME);
  }
  return hash;
}

/** Number of bytes of the text in UTF-8; a lone surrogate counts as U+FFFD. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

/** Bytes of one character beyond ASCII; a lone surrogate counts as U+FFFD. Written out because the engine that runs the core has no TextEncoder. */
function utf8Bytes(whole: number): readonly number[] {
  const point = whole >= 0xd800 && whole <= 0xdfff ? 0xfffd : whole;
  const last = 0x80 | (point & 0x3f);
  if (point < 0x800) return [0xc0 | (point >> 6), last];
  const middle = 0x80 | ((point >> 6) & 0x3f);
  if (point < 0x1_0000) return [0xe0 | (point >> 12), middle, last];
  return [0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), middle, last];
}
