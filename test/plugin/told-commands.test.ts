import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { asCommanderTakes } from '#plugin/argument-words.ts';
import { buildProgram } from '#plugin/program.ts';
import { quietIo } from './io.ts';
import { wordsOf } from './why/mini-kubectl.ts';

/** Every command that any golden output tells a person, each once, with one of the files that has it: `$ …` and `? …` on a line of its own, and `: kubectl …` at the end of one. */
const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));
const TOLD = /^ *[$?] (.+)$|: (kubectl .+)$/;

function commandsIn(folder: string): readonly (readonly [command: string, file: string])[] {
  return readdirSync(`${GOLDEN}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .flatMap((name) => {
      // The first line of an error is what was typed.
      const lines = readFileSync(`${GOLDEN}${folder}/${name}`, 'utf8')
        .split('\n')
        .slice(folder === 'errors' ? 1 : 0);
      return lines.flatMap((line) => {
        const [, alone, last] = TOLD.exec(line) ?? [];
        const command = alone ?? last;
        return command === undefined ? [] : [[command, `${folder}/${name}`] as const];
      });
    });
}

const commands = new Map(['errors', 'plan', 'status', 'why'].flatMap(commandsIn).toSorted());
const ours = [...commands].filter(([command]) => command.startsWith('kubectl opencode '));
/** Of a pipe each command by itself. */
const kubectls = [...commands].flatMap(([command, file]) =>
  command
    .split(' | ')
    .filter((part) => part.startsWith('kubectl ') && !part.startsWith('kubectl opencode '))
    .map((part) => [part, file] as const),
);

describe('a command that is told can be pasted', () => {
  test('there are some of each kind', () => {
    expect(ours.length).toBeGreaterThan(8);
    expect(kubectls.length).toBeGreaterThan(30);
  });

  test.each(ours)('%s (%s)', async (command) => {
    const program = buildProgram(quietIo(), () => {});
    let ran = '';
    for (const known of program.commands)
      known.action(() => {
        ran = known.name();
      });
    const words = wordsOf(command).slice(2);
    if (words.at(-1) !== '--help') {
      await program.parseAsync([...asCommanderTakes(program, words)], { from: 'user' });
      expect(ran).toBe(words[0]);
      expect(command).toContain(' -n team-a');
    } else expect(['--help', ...program.commands.map((known) => known.name())]).toContain(words[0]);
  });

  const CLUSTER_SCOPED = /\b(node|namespace|priorityclass|\w+webhookconfigurations?|validatingadmissionpolic\w+|kubeopencodeconfig)\b/;
  /** On no object, on those that bear their namespace, or on all namespaces. */
  const NOWHERE = /^kubectl (auth whoami|apply|replace|patch .*--local)|--all-namespaces/;

  test.each(kubectls)('%s (%s)', (command) => {
    const object = command.replace(/ -p '.*'/, '');
    const isNamespaced = !NOWHERE.test(command) && !CLUSTER_SCOPED.test(object);
    expect(/ -n team-a( |$)/.test(command)).toBe(isNamespaced);
    expect((command.match(/'/g) ?? []).length % 2, 'quotes').toBe(0);
  });
});
