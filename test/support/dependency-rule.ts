import { posix } from 'node:path';
import ts from 'typescript';

/**
 * Who may import what, and who may touch time, chance and the network. Judges the text of one source file, so that type-only imports, which no bundle
 * shows, are judged too.
 */

interface Import {
  /** Path from the repository's root, or the name of a package. */
  readonly target: string;
  readonly typeOnly: boolean;
}

/** What a folder's files may import: own files by path, packages by name. The first row that fits a file is its own. */
const MAY_IMPORT: readonly (readonly [files: RegExp, targets: RegExp])[] = [
  [/^core\/main\.ts$/, /^(core\/|javy\/fs$)/],
  [/^core\/api\//, /^(core\/|zod$)/],
  [/^core\//, /^core\//],
  // The simulation knows the names of Pods and ConfigMaps, and nothing that runs in a cluster knows the simulation.
  [/^host\/simulation\//, /^(host\/|core\/(contract|api|units)\/|core\/pod\/names\.ts$|(?!core\/|plugin\/|scripts\/|test\/))/],
  [/^host\//, /^(host\/(?!simulation\/)|core\/(contract|api|units)\/|(?!core\/|host\/|plugin\/|scripts\/|test\/))/],
  [
    /^plugin\/simulate\//,
    /^(plugin\/|host\/(engine|cluster|simulation)\/|core\/(contract|api|units)\/|(?!core\/|host\/|scripts\/|test\/))/,
  ],
  [
    /^plugin\//,
    /^(plugin\/|host\/(engine|cluster|controller)\/|host\/(clock|real-clock|virtual-clock|observe\/(journal|redact))\.ts$|core\/(contract|api|units)\/|(?!core\/|host\/|scripts\/|test\/))/,
  ],
];

/** What opens connections, and who may: two files that call the API server, one that pulls a core, one that calls an Agent's server, one that serves. */
const HTTP = /^(undici|ws|axios|got|node-fetch|@kubernetes\/client-node|(node:)?(http|https|http2|net|tls|dgram))(\/|$)/;
const MAY_CALL = /^host\/(cluster\/rest\/(pool|kube-config)|core\/oci\/transport)\.ts$/;
const MAY_SERVE: Readonly<Record<string, RegExp>> = { 'host/observe/server.ts': /^node:(http|https|net)$/ };
const MAY_FETCH = 'host/sessions.ts';
const HTTP_GLOBALS = new Set(['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest']);

const MAY_TELL_TIME = 'host/real-clock.ts';
const TIMERS = new Set(['setTimeout', 'setInterval']);
const CLOCKS = new Set(['Date.now', 'performance.now', 'process.hrtime']);
/** Results of these differ between V8 and QuickJS, or between machines. */
const ENGINE_DEPENDENT = new Set([
  'Intl',
  'localeCompare',
  'toLocaleString',
  'toLocaleLowerCase',
  'toLocaleUpperCase',
  'toLocaleDateString',
]);

/** What is wrong with a source file (`path` from the repository's root), as sentences that begin with the path. */
export function faultsOf(path: string, source: string): readonly string[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true);
  const faults = [...importsOf(path, file).flatMap((imported) => importFaults(path, imported)), ...useFaults(path, file)];
  return faults.map((fault) => `${path} ${fault}`);
}

function importFaults(path: string, { target, typeOnly }: Import): string[] {
  const row = MAY_IMPORT.find(([files]) => files.test(path));
  if (row && !row[1].test(target)) return [`imports ${target}`];
  const isRule = path.startsWith('core/') && !path.startsWith('core/api/');
  if (isRule && target.startsWith('core/api/') && !typeOnly) return [`imports ${target}, of which rules may take types only`];
  if (typeOnly) return [];
  if (HTTP.test(target) && !MAY_CALL.test(path) && !MAY_SERVE[path]?.test(target)) return [`imports the HTTP library ${target}`];
  if (/^(node:)?timers(\/|$)/.test(target) && path !== MAY_TELL_TIME) return [`imports the timers ${target}`];
  return [];
}

function useFaults(path: string, file: ts.SourceFile): string[] {
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    const fault = useFault(path, node);
    if (fault) faults.push(fault);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return faults;
}

function useFault(path: string, node: ts.Node): string | null {
  if (path.startsWith('core/') && ts.isIdentifier(node) && ENGINE_DEPENDENT.has(node.text)) return `depends on the engine: ${node.text}`;
  if (path === MAY_TELL_TIME) return null;
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) return 'reads the clock: new Date()';
  if (ts.isPropertyAccessExpression(node)) {
    const name = node.getText();
    if (CLOCKS.has(name)) return `reads the clock: ${name}`;
    if (name === 'Math.random') return `takes chance: ${name}`;
  }
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
    const name = node.expression.getText().replace(/^globalThis\./, '');
    if (TIMERS.has(name)) return `uses a timer: ${name}`;
    if (HTTP_GLOBALS.has(name) && path !== MAY_FETCH) return `uses the HTTP library ${name}`;
  }
  return null;
}

function importsOf(path: string, file: ts.SourceFile): readonly Import[] {
  const imports: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier && ts.isStringLiteral(specifier)) imports.push({ target: resolve(path, specifier.text), typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return imports;
}

/** `import type …`, or only `type` names in the braces. */
function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = clause;
  return (
    !name &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  );
}

function resolve(path: string, specifier: string): string {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (specifier.startsWith('.')) return posix.join(posix.dirname(path), specifier);
  return specifier;
}
