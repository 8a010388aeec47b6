import type { Quantity } from '#core/api/kubernetes.ts';

const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const EXPONENT = ['e-9', 'e-6', 'e-3', '', 'e3', 'e6', 'e9', 'e12', 'e15', 'e18'] as const;
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;
const NANO = 1_000_000_000n;

const FORM = /^([+-]?)(\d*)\.?(\d*)([numkMGTPE]?|[KMGTPE]i|[eE][+-]?\d+)$/;

/** A quantity as the API server prints it: `1000m` is `1`, `1024Mi` is `1Gi`; what is none stays as it is. Source: apimachinery pkg/api/resource, CanonicalizeBytes. */
export function canonicalQuantity(quantity: Quantity): string {
  const text = String(quantity);
  const [, sign = '', whole = '', fraction = '', suffix = ''] = FORM.exec(text) ?? [];
  const digits = `${whole}${fraction}`;
  if (digits === '') return text;
  const isBinary = suffix.endsWith('i');
  const isExponent = /^[eE]./.test(suffix);
  const exponent = isExponent ? Number(suffix.slice(1)) : DECIMAL.indexOf(suffix as (typeof DECIMAL)[number]) * 3 - 9;
  const scaled = isBinary
    ? divideUp(BigInt(digits) * 1_024n ** BigInt(BINARY.indexOf(suffix as (typeof BINARY)[number])) * NANO, 10n ** BigInt(fraction.length))
    : inNano(BigInt(digits), exponent - fraction.length);
  const minus = sign === '-' && scaled > 0n ? '-' : '';
  if (isBinary && scaled >= 1_024n * NANO) return `${minus}${reduced(divideUp(scaled, NANO), 1_024n, BINARY)}`;
  return `${minus}${reduced(scaled, 1_000n, isExponent ? EXPONENT : DECIMAL)}`;
}

function inNano(mantissa: bigint, exponent: number): bigint {
  const shift = exponent + 9;
  return shift >= 0 ? mantissa * 10n ** BigInt(shift) : divideUp(mantissa, 10n ** BigInt(-shift));
}

function divideUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor;
}

/** In the largest unit that leaves a whole number; the first unit counts as 1. */
function reduced(value: bigint, base: bigint, units: readonly string[]): string {
  if (value === 0n) return '0';
  let rest = value;
  let unit = 0;
  while (rest % base === 0n && unit < units.length - 1) {
    rest /= base;
    unit++;
  }
  return `${rest}${units[unit]}`;
}
