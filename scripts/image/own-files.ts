import { readFileSync } from 'node:fs';
import { DIST, ROOT } from '#scripts/build/paths.ts';
import { type Entry, file, mergedUsrLinks, PROGRAM_MODE, type Tree } from './tree.ts';

/** User and group of the image's processes; in Kubernetes the usual number for "not root". */
export const USER_ID = 65_532;

const HOME = 'usr/lib/kubeopencode';

export const PATHS = {
  node: '/usr/bin/node',
  host: `/${HOME}/host.mjs`,
  helpers: '/kubeopencode',
  sbom: '/usr/share/doc/kubeopencode/sbom.spdx.json',
} as const;

/** Accounts, name resolution and the places that a container's user may write to. */
export function systemFiles(): Tree {
  return new Map([
    ...mergedUsrLinks(),
    ['etc/passwd', file(`root:x:0:0:root:/root:/bin/sh\nnonroot:x:${USER_ID}:${USER_ID}:nonroot:/tmp:/bin/sh\n`)],
    ['etc/group', file(`root:x:0:\nnonroot:x:${USER_ID}:\n`)],
    ['etc/nsswitch.conf', file('passwd: files\ngroup: files\nhosts: files dns\n')],
    ['tmp', { type: 'folder', mode: 0o1777 }],
    ['root', { type: 'folder', mode: 0o700 }],
  ]);
}

/** Node's program and licence, out of its npm package. */
export function nodeFiles(packaged: Tree): Tree {
  const program = packaged.get('bin/node');
  const licence = packaged.get('LICENSE');
  if (program === undefined || licence === undefined)
    throw new Error('making the image: the npm package of Node has no bin/node or no LICENSE');
  return new Map([
    ['usr/bin/node', program],
    ['usr/share/doc/nodejs/LICENSE', licence],
  ]);
}

/** npm for plugin-init, without its manual. */
export function npmFiles(packaged: Tree): Tree {
  const kept = [...packaged].filter(([path]) => !/^(docs|man)\//.test(path) && !/\.(md|markdown|map|d\.ts|cmd|ps1)$/i.test(path));
  return new Map<string, Entry>([
    ...kept.map(([path, entry]) => [`usr/lib/node_modules/npm/${path}`, entry] as const),
    ['usr/bin/npm', { type: 'link', target: '../lib/node_modules/npm/bin/npm-cli.js' }],
  ]);
}

/** What this project built: the host with its core, and the helpers that Tasks' init containers call as upstream's image has them. */
export function projectFiles(notices: string): Tree {
  const built = (name: string): Uint8Array => readFileSync(DIST + name);
  return new Map([
    [`${HOME}/host.mjs`, file(built('host.mjs'))],
    [`${HOME}/core.wasm`, file(built('core.wasm'))],
    [`${HOME}/kubeopencode.mjs`, file(built('kubeopencode.mjs'), PROGRAM_MODE)],
    ['usr/local/bin/ssh', file(readFileSync(`${ROOT}host/image/ssh`), PROGRAM_MODE)],
    ['kubeopencode', { type: 'link', target: `${HOME}/kubeopencode.mjs` }],
    ['usr/share/doc/kubeopencode/LICENSE', file(readFileSync(`${ROOT}LICENSE`))],
    ['usr/share/doc/kubeopencode/NOTICES', file(notices)],
  ]);
}
