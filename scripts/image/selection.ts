import type { Deb } from './debian.ts';
import { type Needs, needsOf } from './elf.ts';
import { type Entry, file, imagePath, type Tree } from './tree.ts';

/** Debian packages that the image has programs and files of; others come in for their libraries only. */
export const ROOT_PACKAGES = ['busybox-static', 'ca-certificates', 'git', 'libnss-wrapper', 'libstdc++6', 'openssh-client'] as const;

/** What of a package is in the image, besides its copyright. */
const WANTED: Readonly<Record<string, RegExp>> = {
  'busybox-static': /^usr\/bin\/busybox$/,
  'libnss-wrapper': /^usr\/lib\/[^/]+\/libnss_wrapper\.so/,
  'openssh-client': /^(usr\/bin\/ssh|etc\/ssh\/ssh_config)$/,
  // Without what needs Perl, what serves repositories, and what only mail and other systems need. Most commands are in `git` itself.
  git: /^usr\/(bin\/git|lib\/git-core\/git-(remote-https?|submodule|sh-setup|sh-i18n|sh-i18n--envsubst)|share\/git-core\/templates\/(description|info\/exclude))$/,
};

/** What git's own scripts, core/pod/git-init.ts and the entrypoints call. */
const APPLETS = (
  '[ basename cat chmod cp cut date dirname echo env expr false find grep head id ln ls mkdir mktemp mv printf pwd readlink rm rmdir sed sh sleep ' +
  'sort stat tail tee test touch tr true uname uniq wc xargs'
).split(' ');

/** A file of the image with the package that it is of. */
export type Owned = ReadonlyMap<string, readonly [owner: string, entry: Entry]>;

/**
 * Of all packages what the image needs: the wanted files, the libraries that these and `programs` need, and those that the libraries need.
 * @throws when a library is in none of the packages.
 */
export function selectFiles(debs: readonly Deb[], programs: Tree): Owned {
  const selected = new Map<string, readonly [string, Entry]>();
  for (const { name, files } of debs) {
    for (const [path, entry] of files) if (WANTED[name]?.test(path)) selected.set(path, [name, entry]);
  }
  addLibraries(selected, debs, programs);
  for (const [path, owned] of derived(debs)) selected.set(path, owned);
  for (const name of new Set([...selected.values()].map(([owner]) => owner))) {
    for (const [path, owner, entry] of copyright(name, debs)) selected.set(path, [owner, entry]);
  }
  return selected;
}

function addLibraries(selected: Map<string, readonly [string, Entry]>, debs: readonly Deb[], programs: Tree): void {
  const waiting: Needs[] = [...programs.values(), ...[...selected.values()].map(([, entry]) => entry)].flatMap(needsOfEntry);
  for (let needs = waiting.pop(); needs !== undefined; needs = waiting.pop()) {
    const paths = [
      ...(needs.interpreter === undefined
        ? []
        : [findPath(debs, (path) => path === imagePath(needs.interpreter ?? ''), needs.interpreter)]),
      ...needs.libraries.map((library) => findPath(debs, (path) => libraryName(path) === library, library)),
    ];
    for (const [path, owner, entry] of paths.flatMap((found) => withTargets(found, debs))) {
      if (selected.has(path)) continue;
      selected.set(path, [owner, entry]);
      waiting.push(...needsOfEntry(entry));
    }
  }
}

type Found = readonly [path: string, owner: string, entry: Entry];

function findPath(debs: readonly Deb[], fits: (path: string) => boolean, what: string): Found {
  for (const { name, files } of debs) {
    for (const [path, entry] of files) if (fits(path)) return [path, name, entry];
  }
  throw new Error(`making the image: none of its packages has ${what}; run \`npm run image -- --update-lock\``);
}

/** The name that programs ask for, when the path is one that the loader looks at. */
function libraryName(path: string): string | undefined {
  return /^usr\/lib\/[^/]+-linux-gnu\/([^/]+\.so[^/]*)$/.exec(path)?.[1];
}

/** Libraries are found through links to files that have their full version. */
function withTargets(found: Found, debs: readonly Deb[]): readonly Found[] {
  const [path, , entry] = found;
  if (entry.type !== 'link') return [found];
  const target = entry.target.startsWith('/') ? imagePath(entry.target) : `${path.slice(0, path.lastIndexOf('/'))}/${entry.target}`;
  return [
    found,
    ...withTargets(
      findPath(debs, (other) => other === target, target),
      debs,
    ),
  ];
}

function needsOfEntry(entry: Entry): readonly Needs[] {
  const needs = entry.type === 'file' ? needsOf(entry.content) : undefined;
  return needs === undefined ? [] : [needs];
}

/** What Debian's installation scripts would make. */
function derived(debs: readonly Deb[]): ReadonlyMap<string, readonly [string, Entry]> {
  const made = new Map<string, readonly [string, Entry]>();
  for (const applet of APPLETS) made.set(`usr/bin/${applet}`, ['busybox-static', { type: 'link', target: 'busybox' }]);
  made.set('usr/lib/git-core/git', ['git', { type: 'link', target: '../../bin/git' }]);
  const certificates = [...(debs.find(({ name }) => name === 'ca-certificates')?.files ?? [])]
    .filter(([path, entry]) => path.startsWith('usr/share/ca-certificates/') && path.endsWith('.crt') && entry.type === 'file')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, entry]) => (entry.type === 'file' ? Buffer.from(entry.content).toString().trim() : ''));
  made.set('etc/ssl/certs/ca-certificates.crt', ['ca-certificates', file(`${certificates.join('\n')}\n`)]);
  return made;
}

/** Some packages have their copyright in another's folder, through a link. */
function copyright(name: string, debs: readonly Deb[]): readonly Found[] {
  const files = debs.find((deb) => deb.name === name)?.files;
  const folder = files?.get(`usr/share/doc/${name}`);
  if (folder?.type === 'link') return [[`usr/share/doc/${name}`, name, folder], ...copyright(folder.target, debs)];
  const path = `usr/share/doc/${name}/copyright`;
  const entry = files?.get(path);
  if (entry === undefined)
    throw new Error(`making the image: Debian's ${name} is not there, or has no copyright; run \`npm run image -- --update-lock\``);
  return [[path, name, entry]];
}

/** Programs and libraries of a tree that need something which is not in it, a line each. */
export function missingLibraries(tree: Tree): readonly string[] {
  const names = new Set([...tree.keys()].map(libraryName));
  return [...tree].flatMap(([path, entry]) =>
    needsOfEntry(entry).flatMap(({ interpreter, libraries }) => [
      ...(interpreter === undefined || tree.has(imagePath(interpreter)) ? [] : [`/${path} needs ${interpreter}`]),
      ...libraries.filter((library) => !names.has(library)).map((library) => `/${path} needs ${library}`),
    ]),
  );
}
