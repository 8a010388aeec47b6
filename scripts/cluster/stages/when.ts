import { SIMULATION_LABELS, SIMULATION_PREFIX, type SimulationLabel } from '#host/cluster/memory/pod-script.ts';
import type { Requirement } from './stage.ts';

/** jq: `setting(name; default)`, text of a label of the Pod. */
const JQ_SETTING = `def setting(name; default): (.metadata.labels // {})["${SIMULATION_PREFIX}" + name] // default;`;

/** jq: seconds of a Go duration. */
const JQ_SECONDS =
  'def seconds: [scan("([0-9]+(?:\\\\.[0-9]+)?)(ms|s|m|h)") | (.[0] | tonumber) * {ms: 0.001, s: 1, m: 60, h: 3600}[.[1]]] | add // 0;';

/** jq: `until_then`, the delay from now until a moment in epoch seconds. */
const JQ_UNTIL = 'def until_then: ((. - now) * 1000 | if . < 0 then 0 else ceil end | tostring) + "ms";';

/** jq: `first_end`, what ends the containers first and when: {how, at}; null when nothing will. */
const JQ_FIRST_END = `
def epoch: fromdateiso8601;
def signalled(how; asked; grace): (${jqSetting('stop-after')} | seconds) as $takes
  | if $takes <= grace then {how: (how + "-handled"), at: (asked + $takes)} else {how: (how + "-killed"), at: (asked + grace)} end;
def by_itself: if ${jqSetting('outcome')} == "never" then empty
  else {how: "itself", at: ((.status.containerStatuses[0].state.running.startedAt | epoch) + (${jqSetting('run-for')} | seconds))} end;
def by_deadline: if .spec.activeDeadlineSeconds == null then empty
  else signalled("deadline"; [(.status.startTime | epoch) + .spec.activeDeadlineSeconds, now] | max; .spec.terminationGracePeriodSeconds // 30) end;
def by_deletion: if .metadata.deletionTimestamp == null then empty
  else signalled("deletion"; (.metadata.deletionTimestamp | epoch) - (.metadata.deletionGracePeriodSeconds // 0); .metadata.deletionGracePeriodSeconds // 0) end;
def first_end: [by_itself, by_deadline, by_deletion] | min_by(.at);`;

const JQ = [JQ_SETTING, JQ_SECONDS, JQ_UNTIL, JQ_FIRST_END].join('\n');

function jqSetting(name: SimulationLabel): string {
  return `setting("${name}"; "${SIMULATION_LABELS[name]}")`;
}

export const DELETED: Requirement = { key: '.metadata.deletionTimestamp', operator: 'Exists' };
export const NOT_DELETED: Requirement = { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' };
export const isPhase = (...values: readonly string[]): Requirement => ({ key: '.status.phase', operator: 'In', values });
export const isOutcome = (...values: readonly string[]): Requirement => ({
  key: `${JQ_SETTING} ${jqSetting('outcome')}`,
  operator: 'In',
  values,
});
export const endsBy = (...values: readonly string[]): Requirement => ({ key: `${JQ} first_end | .how`, operator: 'In', values });

/** Delay until what ends the containers first. */
export const AT_FIRST_END = { durationFrom: { expressionFrom: `${JQ} first_end | .at | until_then` } };

/** Delay from scheduling to start. */
export const AFTER_START_DELAY = {
  durationFrom: {
    expressionFrom: `${JQ} (.status.conditions[] | select(.type == "PodScheduled") | .lastTransitionTime | epoch) + (${jqSetting('start-delay')} | seconds) | until_then`,
  },
};
