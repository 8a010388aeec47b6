import { describe, expect, test } from 'vitest';
import { parseDecision } from '#host/engine/decision-shape.ts';
import { logTail } from '#test/support/builders.ts';

const REF = { kind: 'Pod', namespace: 'a', name: 'b' };
const DECIDED = { type: 'Decided', actions: [], dependsOn: [], reasons: [] };
const ACTIONS = {
  create: { type: 'Create', id: 'create', object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'b' } } },
  patch: { type: 'Patch', id: 'patch', ref: REF, uid: 'u', patchType: 'merge', patch: {} },
  delete: { type: 'Delete', id: 'delete', ref: REF, uid: 'u' },
  event: {
    type: 'Event',
    id: 'event',
    name: 'n',
    regarding: { ...REF, uid: 'u' },
    eventType: 'Normal',
    reason: 'R',
    action: 'A',
    note: '',
  },
  logTail: logTail(),
  summary: { type: 'Effect', id: 'summary', kind: 'SessionSummary', url: 'http://a', title: 't' },
  record: { type: 'RecordStart', id: 'record', agent: { namespace: 'a', name: 'b', uid: 'u' }, record: {}, windowSeconds: 1 },
} as const;

describe('what is a decision', () => {
  test.each([
    ['reads', { type: 'Reads', refs: [REF] }],
    ['another contract', { type: 'Unusable', contract: 2, message: 'm' }],
    ['nothing to do', DECIDED],
    ['each action', { ...DECIDED, actions: Object.values(ACTIONS) }],
    ['a wake-up', { ...DECIDED, wakeAt: '2026-01-02T03:04:05.678Z' }],
    ['a place that is wanted', { ...DECIDED, queue: { state: 'Wants', key: 'k', order: 'o' } }],
    ['a place that is held', { ...DECIDED, queue: { state: 'Holds', key: 'k' } }],
    ['a reason', { ...DECIDED, reasons: [{ rule: 'r', module: 'core', says: 's', facts: {} }] }],
  ])('%s', (_, decision) => {
    expect(parse(decision)).toEqual({ type: 'Decision', decision });
  });
});

describe('what is none, and why', () => {
  test.each([
    ['null', null, 'is no object'],
    ['a list', [DECIDED], 'is no object'],
    ['no type', {}, 'has the type undefined instead of Reads, Decided or Unusable'],
    ['reads of nothing', { type: 'Reads', refs: [] }, 'asks for reads and names none'],
    ['reads without a list', { type: 'Reads' }, 'has no list refs'],
    [
      'a read of a Secret',
      { type: 'Reads', refs: [{ ...REF, kind: 'Secret' }] },
      'is wrong at refs[0], which has the unknown kind "Secret"',
    ],
    ['a kind that every object has', { type: 'Reads', refs: [{ ...REF, kind: 'constructor' }] }, 'the unknown kind "constructor"'],
    ['no actions', { ...DECIDED, actions: undefined }, 'has no list actions'],
    ['an action that is text', { ...DECIDED, actions: ['x'] }, 'is wrong at actions[0], which is no object'],
    ['an unknown action', { ...DECIDED, actions: [{ id: 'x', type: 'Exec' }] }, 'which has the unknown type "Exec"'],
    ['an action without id', { ...DECIDED, actions: [{ ...ACTIONS.create, id: undefined }] }, 'which has no id'],
    ['two actions of one id', { ...DECIDED, actions: [ACTIONS.create, ACTIONS.create] }, 'has two actions with the id "create"'],
    ['creation of a Secret', { ...DECIDED, actions: [{ ...ACTIONS.create, object: { kind: 'Secret' } }] }, 'the unknown kind "Secret"'],
    ['creation of nothing', { ...DECIDED, actions: [{ ...ACTIONS.create, object: null }] }, 'which has no object'],
    ['a patch without UID', { ...DECIDED, actions: [{ ...ACTIONS.patch, uid: '' }] }, 'which has no uid'],
    ['a patch of another type', { ...DECIDED, actions: [{ ...ACTIONS.patch, patchType: 'json' }] }, 'the patch type "json"'],
    ['a patch that is a list', { ...DECIDED, actions: [{ ...ACTIONS.patch, patch: [] }] }, 'which has no patch'],
    ['a deletion without address', { ...DECIDED, actions: [{ ...ACTIONS.delete, ref: undefined }] }, 'which addresses no object'],
    ['an Event without note', { ...DECIDED, actions: [{ ...ACTIONS.event, note: undefined }] }, 'which lacks a text of an Event'],
    ['an unknown effect', { ...DECIDED, actions: [{ ...ACTIONS.logTail, kind: 'Exec' }] }, 'an Effect of the unknown kind "Exec"'],
    ['a log of no Pod', { ...DECIDED, actions: [{ ...ACTIONS.logTail, pod: null }] }, 'which names no Pod'],
    ['a log without UID', { ...DECIDED, actions: [{ ...ACTIONS.logTail, pod: { ...REF, uid: '' } }] }, 'which has no uid'],
    ['a log of no container', { ...DECIDED, actions: [{ ...ACTIONS.logTail, container: '' }] }, 'which names no container'],
    ['more of a log than is held', { ...DECIDED, actions: [logTail({ limitBytes: 524_289 })] }, 'limitBytes 524289 instead of 1 to 524288'],
    ['a log that is followed for no number', { ...DECIDED, actions: [{ ...ACTIONS.logTail, followSeconds: 'x' }] }, 'followSeconds "x"'],
    ['a log that is kept nowhere', { ...DECIDED, actions: [{ ...ACTIONS.logTail, configMap: {} }] }, 'names no ConfigMap'],
    ['a start of no Agent', { ...DECIDED, actions: [{ ...ACTIONS.record, agent: {} }] }, 'which names no Agent or no start'],
    ['a queue place without key', { ...DECIDED, queue: { state: 'Holds' } }, 'has a queue place without a key'],
    ['a queue place without order', { ...DECIDED, queue: { state: 'Wants', key: 'k' } }, 'without an order'],
    ['a wake-up that is no time', { ...DECIDED, wakeAt: 'soon' }, 'has the wakeAt "soon", which is no time'],
    ['a reason without text', { ...DECIDED, reasons: [{ rule: 'r' }] }, 'is wrong at reasons[0], which has no rule or text'],
    ['a dependency without name', { ...DECIDED, dependsOn: [{ kind: 'Pod' }] }, 'is wrong at dependsOn[0], which has no namespace or name'],
  ])('%s', (_, decision, message) => {
    expect(parse(decision)).toEqual({ type: 'Nonsense', message: expect.stringContaining(message) });
  });
  test('bytes that are no UTF-8', () => {
    expect(parseDecision(Uint8Array.of(0x22, 0xff, 0x22))).toMatchObject({
      type: 'Nonsense',
      message: expect.stringContaining('is no JSON'),
    });
  });
});

function parse(decision: unknown): ReturnType<typeof parseDecision> {
  return parseDecision(new TextEncoder().encode(JSON.stringify(decision)));
}
