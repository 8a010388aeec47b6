const PARENT_POLL_MS = 500;

/**
 * Resolves at Ctrl-C, a signal, or the end of the parent: npm runs scripts in a shell that passes no signals on. `over` ends the waiting, too. A second
 * signal has its usual effect.
 */
export function stopAsked(over?: AbortSignal): Promise<void> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    const orphaned = setInterval(() => process.ppid !== parent && stop(), PARENT_POLL_MS);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    const stop = (): void => {
      clearInterval(orphaned);
      for (const signal of signals) process.removeListener(signal, stop);
      resolve();
    };
    for (const signal of signals) process.once(signal, stop);
    over?.addEventListener('abort', stop);
  });
}
