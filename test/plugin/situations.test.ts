import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** The index of golden outputs, which is documentation. `UPDATE_GOLDEN=1 npm run test:unit -- test/plugin/situations` writes it anew. */
const INDEX = fileURLToPath(new URL('../../plugin/SITUATIONS.md', import.meta.url));
const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));
const LONGEST_CELL = 160;

interface Chapter {
  readonly title: string;
  readonly about: string;
  readonly folder: string;
  /** Finds in the text of a situation what it comes to, in one line. */
  readonly gist: RegExp;
}

const CHAPTERS: readonly Chapter[] = [
  {
    title: 'plan',
    about: 'What the controller will do, each from `input.yaml` beside it, with the flags of `flags.json` where there are some.',
    folder: 'plan',
    gist: /^ {2}((?:Ends|! blocked|Not ended|Deleted|Has ended).*)$/m,
  },
  {
    title: 'why',
    about: 'Why a Task is where it is, and what would let it go on. The real controller has brought it there.',
    folder: 'why',
    gist: /^(Task .*)$/m,
  },
  {
    title: 'status',
    about: 'Where Tasks stand, from the objects of `input.yaml`, with the words of `args.json`.',
    folder: 'status',
    gist: /^(\S.*)$/m,
  },
  {
    title: 'errors',
    about: 'What goes wrong, and what to do about it: command, streams and exit code.',
    folder: 'errors',
    gist: /^(?!\$|>|exit code)(\S.*)$/m,
  },
];

interface Row {
  readonly name: string;
  readonly gist: string;
  readonly files: readonly string[];
}

function rowsOf({ folder, gist }: Chapter): readonly Row[] {
  return readdirSync(`${GOLDEN}${folder}`)
    .sort()
    .map((entry) => {
      const name = entry.replace(/\.txt$/, '');
      const files = entry.endsWith('.txt') ? [entry] : [`${entry}/${folder}.txt`, `${entry}/${folder}.json`];
      const there = files.filter((file) => existsSync(`${GOLDEN}${folder}/${file}`)).map((file) => `${folder}/${file}`);
      const [, found = ''] = gist.exec(readFileSync(`${GOLDEN}${there[0]}`, 'utf8')) ?? [];
      return { name, gist: found, files: there };
    });
}

function rowText({ name, gist, files }: Row): string {
  const shown = gist.length <= LONGEST_CELL ? gist : `${gist.slice(0, LONGEST_CELL - 1)}…`;
  const links = files.map((file) => `[${file.endsWith('.json') ? 'JSON' : 'text'}](../test/golden/${file})`);
  return `| ${name.replaceAll('-', ' ')} | ${shown.replaceAll('|', '\\|').replaceAll('<', '&lt;')} | ${links.join(', ')} |`;
}

test('the index has every situation', () => {
  const chapters = CHAPTERS.map((chapter) => ({ ...chapter, rows: rowsOf(chapter) }));
  const count = chapters.reduce((sum, { rows }) => sum + rows.length, 0);
  const text = [
    '# What kubectl opencode says, by situation',
    '',
    `${count} situations, each as it is printed, and as JSON where there is one. They are the golden files of the tests, so they are what this version says; [a test](../test/plugin/situations.test.ts) writes this page.`,
    ...chapters.flatMap(({ title, about, rows }) => [
      '',
      `## ${title}`,
      '',
      about,
      '',
      '| situation | what it comes to | output |',
      '|---|---|---|',
      ...rows.map(rowText),
    ]),
    '',
  ].join('\n');
  for (const { rows, title } of chapters) {
    expect(rows.length, title).toBeGreaterThan(15);
    for (const { name, gist } of rows) expect(gist, `${title} ${name} has a line that says what it comes to`).not.toBe('');
  }
  expect(chapters.flatMap(({ rows }) => rows).filter(({ files }) => files.length === 2).length, 'in text and JSON').toBeGreaterThanOrEqual(
    90,
  );
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(INDEX, text);
  expect(readFileSync(INDEX, 'utf8')).toBe(text);
});
