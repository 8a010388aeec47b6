import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isAlive, withLock } from '#scripts/cluster/lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubeopencode-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a lock', () => {
  it('lets one in at a time, and tells the other who is at it', async () => {
    const file = join(folder, 'lock');
    const seen: string[] = [];
    const waitedFor: number[] = [];
    const work = (name: string) => async (): Promise<void> => {
      seen.push(`${name} in`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      seen.push(`${name} out`);
    };
    const first = withLock(file, () => expect.unreachable('nobody is before the first'), work('first'));
    const second = withLock(file, (pid) => waitedFor.push(pid), work('second'));
    await Promise.all([first, second]);
    expect(seen).toEqual(['first in', 'first out', 'second in', 'second out']);
    expect(waitedFor).toEqual([process.pid]);
  });

  it('of one who died is taken over', async () => {
    const file = join(folder, 'left');
    const { pid } = spawnSync(process.execPath, ['--version']);
    expect(isAlive(pid)).toBe(false);
    writeFileSync(file, String(pid));
    expect(
      await withLock(
        file,
        () => expect.unreachable('the holder is dead'),
        async () => 'done',
      ),
    ).toBe('done');
  });

  it('is free again after work that failed', async () => {
    const file = join(folder, 'failed');
    const fail = async (): Promise<never> => {
      throw new Error('no');
    };
    await expect(withLock(file, () => undefined, fail)).rejects.toThrow('no');
    expect(
      await withLock(
        file,
        () => expect.unreachable('it is free'),
        async () => 'done',
      ),
    ).toBe('done');
  });
});
