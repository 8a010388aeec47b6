import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const guides = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));

/** Text outside of code, where a bracket is no link. */
function proseOf(file: string): string {
  return readFileSync(file, 'utf8')
    .replace(/^ *```.*?^ *```/gms, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '));
}

/** Anchor of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

function anchorsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8').replace(/^ *```.*?^ *```/gms, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

/** What is wrong with the links of a guide, one text each. */
function brokenLinks(file: string, prose = proseOf(file)): readonly string[] {
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .flatMap((target) => {
      const [path = '', anchor] = target.split('#');
      const to = path === '' ? file : join(dirname(file), path);
      if (!existsSync(to)) return [`${file}: ${target}: there is no ${to}`];
      return anchor === undefined || anchorsOf(to).includes(anchor) ? [] : [`${file}: ${target}: ${to} has no such heading`];
    });
}

describe('links', () => {
  test.each(guides)('of %s lead somewhere', (file) => {
    expect(brokenLinks(file)).toEqual([]);
  });

  test('that lead nowhere are noticed', () => {
    const prose = '[a](nowhere.md) [b](README.md#no-such-part) [c](#develop) [d](https://example.com/x) [e](host/README.md#run-it)';
    expect(brokenLinks('README.md', prose)).toEqual([
      'README.md: nowhere.md: there is no nowhere.md',
      'README.md: README.md#no-such-part: README.md has no such heading',
    ]);
  });
});

describe('paths in the guides of the host', () => {
  const own = guides.filter((file) => file.startsWith('host/docs/'));
  test.each(own)('%s names files and folders that there are', (file) => {
    const named = [...readFileSync(file, 'utf8').matchAll(/(?:^|[\s`(])((?:host|core|plugin|test|scripts)\/[\w./-]*\w)/g)].map(
      ([, path = '']) => path,
    );
    expect([...new Set(named)].filter((path) => !existsSync(path))).toEqual([]);
  });
  test('there is one each for what people do first', () => {
    for (const name of ['install', 'migration', 'security']) expect(own).toContain(`host/docs/${name}.md`);
  });
});
