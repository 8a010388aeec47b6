/** What stands in the place of a secret. */
export const REDACTED = '***';

/** Names of variables, headers and keys whose values are nobody's business. `secretRef`, `secretName` and the like name a Secret and stay. */
const SECRET_NAME =
  /(token|secret|passw(or)?d|passphrase|api_?-?key|access_?-?key|private_?-?key|credential|authorization|cookie|dsn|connection_?string)s?$/i;

/** Names that end like a secret's and are none: counts of tokens, and references. */
const HARMLESS_NAME = /^(tokens|maxTokens|max_tokens|secrets|imagePullSecrets|credentials|automountServiceAccountToken)$/;

/** Copies of a whole manifest, values included. */
const MANIFEST_COPIES = new Set(['kubectl.kubernetes.io/last-applied-configuration']);

/** What people call a secret in files, headers, options and logs. */
const SECRET_WORD = '(?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key)';
/** A word that no sentence has: letters and digits, and long. */
const SECRET_VALUE = String.raw`(?=[^\s"']{0,200}\d)(?=[^\s"']{0,200}[a-z])[^\s"',;]{8,}`;

/**
 * Text in which secrets are recognised by their own form. What is read may be anybody's word (a log), and long: each form looks from each place only a
 * bounded way ahead, or is begun at a place that it has not passed yet, so that no text takes more than time in proportion to its length.
 */
const SECRET_FORMS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g, REDACTED],
  [/\b(bearer|basic)\s{1,8}[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, REDACTED],
  [
    /\b(gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,})/g,
    REDACTED,
  ],
  // https://user:password@host
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@:]*:[^\s/@]+@/gi, `$1${REDACTED}@`],
  // "apiKey": "…" inside a JSON text, also where the text was cut; and in a text inside that
  [
    new RegExp(String.raw`("[^"\\]{0,64}(?:${SECRET_WORD}|authorization)"\s{0,8}:\s{0,8})"(?:[^"\\]|\\.)*(?:"|\\?$)`, 'gi'),
    `$1"${REDACTED}"`,
  ],
  [new RegExp(String.raw`(\\"[^"\\]{0,64}(?:${SECRET_WORD}|authorization)\\"\s{0,8}:\s{0,8}\\")[^"\\]*`, 'gi'), `$1${REDACTED}`],
  // API_KEY=… inside a script
  [
    /\b([A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?))=("[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s"'&;]+)/g,
    `$1=${REDACTED}`,
  ],
  // x-api-key: … and Authorization: token … in a request that is shown
  [/\b((?:x-)?(?:api|auth|access|private|goog-api|gitlab|vault)-(?:key|token)\s{0,8}:\s{0,8})[^\s"']+/gi, `$1${REDACTED}`],
  [new RegExp(String.raw`\b(authorization\s{0,8}:\s{0,8}(?:[a-z-]{1,20} )?)${SECRET_VALUE}`, 'gi'), `$1${REDACTED}`],
  [/\b(cookie\s{0,8}:\s{0,8}[^\s=;"']{1,64}=)[^\r\n"']+/gi, `$1${REDACTED}`],
  // --password=… and --password …
  [new RegExp(String.raw`(--[a-z-]{0,40}${SECRET_WORD}=)("[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s"']+)`, 'gi'), `$1${REDACTED}`],
  [new RegExp(`(--[a-z-]{0,40}${SECRET_WORD} )${SECRET_VALUE}`, 'gi'), `$1${REDACTED}`],
  // apiKey: … in YAML, a table or a sentence
  [new RegExp(String.raw`(${SECRET_WORD}["']?\s{0,8}[:=]\s{0,8}["']?)${SECRET_VALUE}`, 'gi'), `$1${REDACTED}`],
];

/** A value without its secrets, and how many places were blotted out. */
export interface Redaction<T> {
  readonly value: T;
  readonly count: number;
}

/** Text without what looks like a secret by its own form. */
export function redactText(text: string): string {
  return SECRET_FORMS.reduce((rest, [form, replacement]) => (rest.length < 8 ? rest : rest.replace(form, replacement)), text);
}

/**
 * A JSON value without secrets: values of environment variables and keys whose names look secret, copies of manifests in annotations, and text that has the
 * form of a token, a key or a URL with a password. Shapes and names stay, and doing it twice changes nothing more. The input is not changed; what holds no
 * secret is returned as it is. A secret that looks like ordinary text in a prompt is not recognised.
 */
export function redact<T>(value: T): Redaction<T> {
  let count = 0;

  function walk(node: unknown, name: string): unknown {
    if (typeof node === 'string') return text(node, name);
    if (Array.isArray(node))
      return sameOr(
        node,
        node.map((item) => walk(item, '')),
      );
    if (typeof node !== 'object' || node === null) return node;
    const entries = Object.entries(node);
    const variable = 'name' in node && 'value' in node && typeof node.name === 'string' ? node.name : undefined;
    const walked = entries.map(([key, item]) => [key, walk(item, key === 'value' && variable !== undefined ? variable : key)] as const);
    return walked.every(([, item], index) => item === entries[index]?.[1]) ? node : Object.fromEntries(walked);
  }

  function text(node: string, name: string): string {
    const clean = node !== '' && (isSecretName(name) || MANIFEST_COPIES.has(name)) ? REDACTED : redactText(node);
    if (clean !== node) count += 1;
    return clean;
  }

  return { value: walk(value, '') as T, count };
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);
}

function sameOr(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  return after.every((item, index) => item === before[index]) ? before : after;
}
