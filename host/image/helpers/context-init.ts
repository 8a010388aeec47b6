import { chmod, copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ContextPlan, FileCopy } from './context-plan.ts';
import { addModes } from './modes.ts';
import { failed, type Said } from './said.ts';

const FOLDER_MODE = 0o755;

/**
 * Copies files and mounted ConfigMaps to where the agent may change them, and makes all of the workspace readable for an agent that runs as somebody else. What
 * is not there is only warned of (it was optional); what can't be written fails, so that no agent starts without it.
 */
export async function contextInit({ workspaceDir, files, folders }: ContextPlan, said: Said): Promise<void> {
  await mkdir(workspaceDir, { recursive: true, mode: FOLDER_MODE }).catch(failed(`making the workspace ${workspaceDir}`));
  for (const file of files) await copyOne(file, said);
  for (const folder of folders) await copyFolder(folder.source, folder.target, said);
  await addModes(workspaceDir, { folders: 0o755, files: 0o644 }, said);
  said.tell('done');
}

async function copyOne({ source, target, mode }: FileCopy, said: Said): Promise<void> {
  if ((await stat(source).catch(() => undefined))?.isFile() !== true) {
    said.warn(`${source} is not there, so ${target} is not written`);
    return;
  }
  await mkdir(dirname(target), { recursive: true, mode: FOLDER_MODE }).catch(failed(`making the folder of ${target}`));
  await copyFile(source, target).catch(failed(`copying ${source} to ${target}`));
  await chmod(target, mode).catch(failed(`setting the mode of ${target}`));
  said.tell(`${target} (mode ${mode.toString(8).padStart(4, '0')})`);
}

/** Names that begin with `..` are the kubelet's own: it swaps the whole content at once through them. */
async function copyFolder(source: string, target: string, said: Said): Promise<void> {
  const names = await readdir(source).catch(() => undefined);
  if (names === undefined) {
    said.warn(`the folder ${source} is not there, so ${target} is not written`);
    return;
  }
  await mkdir(target, { recursive: true, mode: FOLDER_MODE }).catch(failed(`making the folder ${target}`));
  for (const name of names.filter((name) => !name.startsWith('..')).sort()) {
    const from = join(source, name);
    // Keys are links into one of those folders: what they lead to counts.
    const kind = await stat(from).catch(failed(`reading ${from}`));
    if (kind.isDirectory()) await copyFolder(from, join(target, name), said);
    else await copyOne({ source: from, target: join(target, name), mode: 0o644 }, said);
  }
}
