import { SIMULATION_LABELS, SIMULATION_PREFIX, type SimulationLabel } from '#host/cluster/memory/pod-script.ts';

/** jq: `setting(name; default)`, text of a label of the Pod. */
const SETTING = `def setting(name; default): (.metadata.labels // {})["${SIMULATION_PREFIX}" + name] // default;`;

/** jq: seconds of a Go duration. */
const SECONDS =
  'def seconds: [scan("([0-9]+(?:\\\\.[0-9]+)?)(ms|s|m|h)") | (.[0] | tonumber) * {ms: 0.001, s: 1, m: 60, h: 3600}[.[1]]] | add // 0;';

/** jq: `until_then`, the delay from now until a moment in epoch seconds. */
const UNTIL = 'def until_then: ((. - now) * 1000 | if . < 0 then 0 else ceil end | tostring) + "ms";';

/** jq expression: text of a label, or its default. */
export function jqSetting(name: SimulationLabel): string {
  return `setting("${name}"; "${SIMULATION_LABELS[name]}")`;
}

/** jq: the init container that the script speaks about, if it does, and whether it runs; and the state of the container that it speaks about. */
const SUBJECT = `
def outcome: ${jqSetting('outcome')};
def init_subject: ${jqSetting('container')} as $name | first(.spec.initContainers[]? | select(.name == $name and .restartPolicy != "Always") | .name) // null;
def regular_subject: ${jqSetting('container')} as $name | first(.spec.containers[] | select(.name == $name) | .name) // first(.spec.containers[] | select(.name == "agent") | .name) // .spec.containers[0].name;
def subject: init_subject // regular_subject;
def subject_state: subject as $name | first(((.status.initContainerStatuses // []) + (.status.containerStatuses // []))[] | select(.name == $name) | .state) // {};
def init_state: if init_subject != null and subject_state.running != null then "running" else "idle" end;`;

/**
 * jq: `pulls_end(number)`, when the pull of that number ends, in epoch seconds; `next_pull`, the number of the one that ends next. Pulls follow each other with a
 * kubelet's back-off: 10 s, doubled up to 5 minutes.
 */
const PULLS = `
def epoch: fromdateiso8601;
def scheduled: first(.status.conditions[] | select(.type == "PodScheduled") | .lastTransitionTime | epoch);
def back_offs(number): [range(1; number) | [10 * pow(2; . - 1), 300] | min] | add // 0;
def pulls_end(number): scheduled + (${jqSetting('start-delay')} | seconds) + number * (${jqSetting('pull-for')} | seconds) + back_offs(number);
def next_pull: . as $pod | first(range(1; 10000) | select(. as $number | ($pod | pulls_end($number)) > now + 0.05)) // 10000;
def does_pull_fail(number): outcome == "image-pull" or number <= (${jqSetting('pull-failures')} | tonumber);`;

/**
 * jq: `next_step`, what happens next to a Pod whose containers are not all up, and when: {how, at}; null when nothing will. kwok's delays begin anew at each
 * change of the Pod, so they lead to fixed moments.
 */
const NEXT_STEP = `
def pull_step(number): {at: pulls_end(number), how: (
  if outcome == "invalid-image" then "invalid-image"
  elif does_pull_fail(number) then "pull-error"
  elif outcome == "config-error" then "config-error"
  elif init_subject != null then "start-init"
  else "start" end)};
def own_step: subject_state as $state | ($state.waiting.reason // "") as $reason
  | if outcome == "rejected" then {how: "rejected", at: scheduled}
    elif $state.running != null then
      if init_subject == null or outcome == "never" then empty
      else {how: (if outcome == "succeed" then "start" else "end-init" end), at: (($state.running.startedAt | epoch) + (${jqSetting('run-for')} | seconds))} end
    elif $reason == "ErrImagePull" then {how: "back-off", at: (now + 0.3)}
    elif $reason == "ImagePullBackOff" then pull_step(next_pull)
    elif $reason == "InvalidImageName" or $reason == "CreateContainerConfigError" then empty
    else pull_step(1) end;
def deadline_step: if .spec.activeDeadlineSeconds == null or .status.startTime == null then empty
  else {how: "deadline", at: ((.status.startTime | epoch) + .spec.activeDeadlineSeconds)} end;
def next_step: [own_step, deadline_step] | min_by(.at);`;

/** jq: `first_end`, what ends the containers of a running Pod first and when: {how, at}; null when nothing will. Who is on a lost node hears of nothing. */
const FIRST_END = `
def started: first(.status.containerStatuses[] | .state.running.startedAt // empty) | epoch;
def lost_at: if outcome == "node-lost" then started + (${jqSetting('run-for')} | seconds) else null end;
def signalled(how; asked; grace): (${jqSetting('stop-after')} | seconds) as $takes
  | if $takes <= grace then {how: (how + "-handled"), at: (asked + $takes)} else {how: (how + "-killed"), at: (asked + grace)} end;
def grace: .spec.terminationGracePeriodSeconds // 30;
def by_itself: if outcome == "never" or outcome == "node-lost" or init_subject != null and outcome != "succeed" then empty
  elif outcome == "node-shutdown" then signalled("shutdown"; started + (${jqSetting('run-for')} | seconds); grace)
  else {how: "itself", at: (started + (${jqSetting('run-for')} | seconds))} end;
def by_deadline: if .spec.activeDeadlineSeconds == null then empty
  else signalled("deadline"; [(.status.startTime | epoch) + .spec.activeDeadlineSeconds, now] | max; grace) end;
def by_deletion: if .metadata.deletionTimestamp == null then empty
  else signalled("deletion"; (.metadata.deletionTimestamp | epoch) - (.metadata.deletionGracePeriodSeconds // 0); .metadata.deletionGracePeriodSeconds // 0) end;
def first_end: lost_at as $lost | [by_itself, by_deadline, by_deletion] | map(select($lost == null or .at < $lost)) | min_by(.at);`;

/** All definitions; an expression follows. */
export const JQ = [SETTING, SECONDS, UNTIL, SUBJECT, PULLS, NEXT_STEP, FIRST_END].join('\n');
