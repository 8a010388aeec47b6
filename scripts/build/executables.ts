import { writeOutput } from './output.ts';
import { DIST } from './paths.ts';

/** kubectl's name for the plugin, and for its completion (which the plugin answers under its hidden command `__complete`). */
const EXECUTABLES: Readonly<Record<string, readonly string[]>> = {
  'kubectl-opencode': [],
  'kubectl_complete-opencode': ['__complete'],
};

/** `dist/bin/`: what kubectl looks for on PATH. CommonJS without imports, so that a Node of any age can read it far enough to find a better one. */
export async function buildExecutables(): Promise<readonly string[]> {
  for (const { path, text, mode } of executables()) writeOutput(`${DIST}${path}`, text, mode);
  return Object.keys(EXECUTABLES).map((name) => `${DIST}bin/${name}`);
}

/** The same as text, by path below `dist/`. */
export function executables(): readonly { readonly path: string; readonly text: string; readonly mode: number }[] {
  return [
    ...Object.entries(EXECUTABLES).map(([name, firstArguments]) => ({ path: `bin/${name}`, text: stub(firstArguments), mode: 0o755 })),
    { path: 'bin/package.json', text: '{ "type": "commonjs" }\n', mode: 0o644 },
  ];
}

function stub(firstArguments: readonly string[]): string {
  return `#!/usr/bin/env node
'use strict';
var fs = require('fs');
var path = require('path');

var program = path.join(__dirname, '..', 'kubectl-opencode.mjs');
var args = ${JSON.stringify(firstArguments)}.concat(process.argv.slice(2));
var version = process.versions.node.split('.').map(Number);

if (version[0] > 22 || (version[0] === 22 && version[1] >= 19)) runHere();
else runWithAnotherNode();

function runHere() {
  process.argv = [process.argv[0], program].concat(args);
  import(require('url').pathToFileURL(program).href);
}

function runWithAnotherNode() {
  var node = path.join(__dirname, '..', '..', 'node_modules', '.bin', 'node');
  if (!fs.existsSync(node)) {
    console.error('error: kubectl opencode needs Node 22.19 or newer, this is ' + process.versions.node + '; install one from https://nodejs.org and put it first on PATH');
    process.exit(1);
  }
  var child = require('child_process').spawn(node, [program].concat(args), { stdio: 'inherit' });
  var signals = ['SIGTERM', 'SIGHUP'];
  signals.forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  // The terminal sends it to both; the child decides what it means.
  process.on('SIGINT', function () {});
  child.on('error', function (error) {
    console.error('error: starting ' + node + ': ' + error.message);
    process.exit(1);
  });
  child.on('exit', function (code, signal) {
    if (!signal) process.exit(code === null ? 1 : code);
    signals.concat('SIGINT').forEach(function (name) {
      process.removeAllListeners(name);
    });
    process.kill(process.pid, signal);
  });
}
`;
}
