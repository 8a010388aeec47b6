/** What stands in the place of a secret. */
export const REDACTED = '***';

/** Names of variables, headers and keys whose values are nobody's business. `secretRef`, `secretName` and the like name a Secret and stay. */
const SECRET_NAME =
  /(token|secret|passw(or)?d|passphrase|api_?-?key|access_?-?key|private_?-?key|credential|authorization|cookie|dsn|connection_?string)s?$/i;

/** Names that end like a secret's and are none: counts of tokens, and references. */
const HARMLESS_NAME = /^(tokens|maxTokens|max_tokens|secrets|imagePullSecrets|credentials|automountServiceAccountToken)$/;

/** Copies of a whole manifest, values included. */
const MANIFEST_COPIES = new Set(['kubectl.kubernetes.io/last-applied-configuration']);

/** Text in which secrets are recognised by their own form. */
const SECRET_FORMS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, REDACTED],
  [
    /\b(gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,})/g,
    REDACTED,
  ],
  // https://user:password@host
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@:]*:[^\s/@]+@/gi, `$1${REDACTED}@`],
  // "apiKey": "…" inside a JSON text
  [
    /("[^"\\]{0,64}(?:token|secret|passw(?:or)?d|passphrase|api_?-?key|access_?-?key|private_?-?key|authorization)"\s*:\s*)"(?:[^"\\]|\\.)*"/gi,
    `$1"${REDACTED}"`,
  ],
  // API_KEY=… inside a script
  [
    /\b([A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?))=("[^"]*"|'[^']*'|[^\s"'&;]+)/g,
    `$1=${REDACTED}`,
  ],
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
