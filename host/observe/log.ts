import { type DestinationStream, destination, pino } from 'pino';
import type { Clock } from '../clock.ts';
import { timestamp } from '../clock.ts';
import { redact, redactText } from './redact.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = Readonly<Record<string, unknown>>;

/** JSON lines with `time`, `level`, `msg` and the fields given. Secrets are blotted out of fields and message. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Whether lines of this level are written: lets a caller save the making of one. */
  enabled(level: LogLevel): boolean;
}

/** A log whose level can be changed while it is written. */
export interface LeveledLog extends Log {
  level: LogLevel;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly clock: Pick<Clock, 'now'>;
  /** Default: stdout, synchronous, so that the last lines before an exit are there. */
  readonly stream?: DestinationStream;
}

export function createLog({ level, clock, stream = destination({ dest: 1, sync: true }) }: LogOptions): LeveledLog {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'msg',
      timestamp: () => `,"time":"${timestamp(clock.now())}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  const write = (at: LogLevel, message: string, fields: LogFields): void => {
    if (logger.isLevelEnabled(at)) logger[at](redact(plainErrors(fields)).value, redactText(message));
  };
  return {
    debug: (message, fields = {}) => write('debug', message, fields),
    info: (message, fields = {}) => write('info', message, fields),
    warn: (message, fields = {}) => write('warn', message, fields),
    error: (message, fields = {}) => write('error', message, fields),
    enabled: (at) => logger.isLevelEnabled(at),
    get level() {
      return LOG_LEVELS.find((known) => known === logger.level) ?? level;
    },
    set level(wanted) {
      logger.level = wanted;
    },
  };
}

/** Errors as text with their causes: their own fields may hold requests, headers and all. */
function plainErrors(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? errorText(value) : value]));
}

/** `message: message of the cause: …`. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : errorText(error.cause);
  // Some messages quote their cause already.
  return cause === '' || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}
