# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault cases: a task with a fault at one of its calls, and the check of its outcome."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from . import child, playbook
from .faults import ACTORS, AT_ONCE, EXPIRED, FAULTS, HTML, LAGS, OF_REFERENCES, Fault, act, rules
from .lab import ApiObject, Lab, tags
from .scenario import STACK_TAG, Scenario

State = dict[str, ApiObject]
BY_NAME = {fault.name: fault for fault in FAULTS}
EVERY_CALL = "every call"
# Actions of STS and Elastic Load Balancing. The emulator injects faults into calls of EC2.
OTHER_SERVICES = ("GetCallerIdentity", "DescribeLoadBalancers")
VERBS = ("Describe", "Create", "Modify", "Delete", "CreateTags", "DeleteTags", EVERY_CALL)
# Messages of a task that finds several matching resources, or its name or number in use by another one (guarantee 5 of
# the README). A person must resolve it.
AMBIGUOUS = re.compile(
    r"matches \d+ \w+; identify|is already the name of|has this number\. Renumber or delete|name matches .*, but"
    r"|\d+ (filters|targets) are named|has \d+ unfinished replacements"
    # Of a stack: another client created what the document lists, or uses what the task deletes.
    r"|exists and does not belong to stack|is in use and was not deleted"
)

NOT_FOUND = re.compile(r"session tms-.* does not exist in this account.*omit traffic_mirror_session_id")
# The result of a call is unknown, and the message says so.
UNKNOWN = re.compile("no reply|may have carried out")
API_NAMES = {"tms": "TrafficMirrorSession", "tmf": "TrafficMirrorFilter", "tmt": "TrafficMirrorTarget"}


def verb(action: str) -> str:
    """Return the entry of VERBS for an action."""
    return action if action in VERBS else next(name for name in VERBS if action.startswith(name))


@dataclass(frozen=True)
class FaultCase:
    """A task with one fault.

    fault: a name in BY_NAME, at the nth call of the action; one of HTML, from the first call of the action on; one of
    LAGS; EXPIRED, "actor deletes", "actor creates" or "actor changes", before the nth call of the run. whole: run the
    task with ansible-playbook.
    """

    scenario: Scenario
    fault: str
    action: str
    nth: int
    whole: bool = False

    @property
    def label(self) -> str:
        return f"{self.scenario.label}: {self.fault} at {self.action} {self.nth}"


@dataclass(frozen=True)
class Verdict:
    """The outcome of a job.

    how: done, failed (then done by the next run), conflict (resolved by a person) or DEFECT. why: reasons of a defect.
    """

    how: str
    why: tuple[str, ...] = ()
    message: str = ""


def cases(scenario: Scenario, calls: list[str]) -> list[FaultCase]:
    """Return the fault cases of a scenario. calls: the calls of a run without faults."""
    found = []
    counts = Counter(calls)
    for action in dict.fromkeys(calls):
        chosen = {1, counts[action]} if scenario.many else range(1, counts[action] + 1)
        found += [FaultCase(scenario, fault.name, action, nth) for nth in sorted(chosen) for fault in FAULTS]
        found += [FaultCase(scenario, html, action, 1) for html in HTML]
    if not scenario.writes:
        return found
    found += [FaultCase(scenario, lag, EVERY_CALL, 0) for lag in LAGS]
    between = list(range(2, len(calls) + 1))
    if scenario.many:
        between = sorted({*between[:6], between[len(between) // 2], *between[-2:]})
    for number in between:
        found.append(FaultCase(scenario, EXPIRED, calls[number - 1], number))
        found += [
            FaultCase(scenario, f"actor {what}", calls[number - 1], number)
            for what in ACTORS
            if what != "creates" or scenario.concurrent is not None
        ]
    return found


def run_without_fault(scenario: Scenario, lab: Lab) -> list[str]:
    """Run the scenario without faults. Returns the calls. Raises AssertionError if the run fails."""
    lab.reset()
    scenario.seed(lab)
    before = lab.state()
    lab.emulator.clear_log()
    ended = lab.run(scenario.module, scenario.options(before))
    calls = [action for action in lab.actions() if action not in OTHER_SERVICES]
    errors = scenario.errors(lab.state(), before)
    assert ended.how == "done" and not errors, f"{scenario.label}: {ended.how} {errors} {ended.message} {ended.text}"
    return calls


def judge(case: FaultCase, lab: Lab) -> Verdict:
    """Seed the lab, run the task with the fault, then twice without, and check every outcome."""
    scenario = case.scenario
    lab.reset()
    scenario.seed(lab)
    before = lab.state()
    options = scenario.options(before)
    lab.proxy.fired()
    hooks = _inject(case, lab)
    fault = BY_NAME.get(case.fault)
    given = {**options, **dict(fault.options if fault else ())}
    if case.fault == AT_ONCE and scenario.has_wait:
        given["wait"] = True
    module = scenario.module
    ended = playbook.run(lab, module, given) if case.whole else lab.run(module, given, hooks)
    fired = lab.proxy.fired() if fault else []
    if case.fault == "too slow":
        time.sleep(1)  # the delayed call is executed after the task's timeout
    errors = ["the fault was not injected"] if fault and not fired else []
    errors += _check_immediate_rerun(scenario, lab, options) if case.fault == AT_ONCE else []
    lab.remove_faults()
    for _read in range(LAGS.get(case.fault, 0)):
        lab.state()
    after = lab.state()
    errors += _check_outcome(case, ended, fault, before, after)
    errors += find_unrelated_changes(scenario, before, after)
    more, conflict = check_next_runs(scenario, lab, options, before)
    how = "conflict" if conflict else ended.how
    return Verdict("DEFECT" if errors or more else how, (*errors, *more), ended.message)


def _inject(case: FaultCase, lab: Lab) -> child.Hooks | None:
    if case.fault in BY_NAME:
        lab.proxy.rules(rules(BY_NAME[case.fault], case.action, case.nth))
        return None
    if case.fault in LAGS:
        lab.emulator.settings(lag={"reads": LAGS[case.fault], "references": case.fault == OF_REFERENCES})
        return None
    if case.fault in HTML:
        lab.emulator.settings(replace_replies={case.action: HTML[case.fault]})
        return None
    if case.fault == EXPIRED:
        lab.emulator.settings(credential_calls=case.nth - 1)
        return None
    what = case.fault.partition(" ")[2]

    def before(number: int, _action: str) -> None:
        if number == case.nth:
            act(what, case.scenario, lab, lab.state())

    return child.Hooks(before=before)


def _check_immediate_rerun(scenario: Scenario, lab: Lab, options: dict[str, Any]) -> list[str]:
    """Run the task again during the lag and return the errors.

    A fleet, which has no wait option, may repeat changes that are not visible yet.
    """
    again = lab.run(scenario.module, options)
    errors = (
        [] if again.how == "done" else [f"the immediate second run {again.how}: {again.message or again.text[-1500:]}"]
    )
    return errors + (
        [f"the immediate second run changed: {again.result}"] if again.changed and scenario.has_wait else []
    )


def _check_outcome(
    case: FaultCase, ended: child.RunResult, fault: Fault | None, before: State, after: State
) -> list[str]:
    """Return the errors in the outcome of the run with the fault."""
    if ended.how not in ("done", "failed"):
        return [f"{ended.how}: {ended.text[-1500:]}"]
    actor = case.fault.startswith("actor")
    lost = [] if actor else find_lost_replacement(case.scenario, before, after)
    if lost:
        return [*lost, ended.message]
    if ended.how == "done":
        errors = [] if actor else case.scenario.errors(after, before)
        return [f"the run succeeded, but {one}" for one in errors]
    errors = []
    if len(ended.message) < 20:
        errors.append(f"the message is too short: {ended.message!r}")
    if (fault is not None or case.fault in HTML) and case.action not in ended.message:
        errors.append(f"the message does not name {case.action}: {ended.message}")
    if not ended.changed and not actor and before != after and not UNKNOWN.search(ended.message):
        errors.append(f"resources changed, but the result is not changed: {ended.message}")
    made = {found for found in set(after) - set(before) if tags(after[found]).get("By") != "actor"}
    # The result of a fleet lists sessions by interface. That of a stack lists resources by id, or has the failure.
    told = json.dumps(ended.result) if case.scenario.many else ended.message
    is_fleet = case.scenario.module == "fleet"
    names = {found: after[found]["NetworkInterfaceId"] if is_fleet else found for found in sorted(made)}
    errors += [
        f"{found} was created, but the message does not name it: {ended.message}"
        for found, name in names.items()
        if name not in told and f"may have carried out: Create{API_NAMES[found[:3]]} on" not in told
    ]
    return errors


def find_lost_replacement(scenario: Scenario, before: State, after: State) -> list[str]:
    """Return an error for each resource of a replacement if neither the old nor the new one exists.

    The new resource has the name of the old one.
    """

    def names(state: State) -> set[tuple[str, str]]:
        return {(found[:3], tags(row).get("Name", "")) for found, row in state.items() if scenario.is_own(row)}

    if not scenario.name.startswith("replace"):
        return []
    return [f"neither the old nor the new {one} exists" for one in sorted(names(before) - names(after))]


def find_unrelated_changes(scenario: Scenario, before: State, after: State) -> list[str]:
    """Return an error for each changed resource that does not belong to the task."""
    return [
        f"{found} does not belong to the task and changed: {row} became {after.get(found)}"
        for found, row in before.items()
        if not scenario.is_own(row) and after.get(found) != row
    ]


def check_next_runs(
    scenario: Scenario, lab: Lab, options: dict[str, Any], before: State, *, concurrent: bool = False
) -> tuple[list[str], bool]:
    """Run the task twice without faults. Returns the errors, and whether a person had to resolve a conflict.

    concurrent: two runs of the task were concurrent. Only these, and another client, may cause a conflict. The next run
    of a stack resolves the conflicts of its own runs.
    """
    again, conflict = lab.run(scenario.module, options, direct=True), False
    may_conflict = (concurrent and scenario.module != "stack") or _actor_objects(lab.state())
    if again.how == "failed" and AMBIGUOUS.search(again.message) and may_conflict:
        conflict = True
        _resolve_conflict(lab)
        again = lab.run(scenario.module, options, direct=True)
    if again.how == "failed" and "id" in options and NOT_FOUND.search(again.message):
        conflict = True  # another client deleted the session; a person removes the id from the task
        options = {option: value for option, value in options.items() if option != "id"}
        again = lab.run(scenario.module, options, direct=True)
    after = lab.state()
    errors = []
    if again.how != "done":
        errors.append(f"the next run {again.how}: {again.message or again.text[-1500:]}")
    errors += [f"after the next run {one}" for one in scenario.errors(after, before)]
    errors += find_unrelated_changes(scenario, before, after)
    errors += find_duplicates(after)
    third = lab.run(scenario.module, options, direct=True)
    if third.how != "done" or third.changed or lab.state() != after:
        errors.append(f"the third run {third.how} and {'changed something' if third.changed else ''}: {third.message}")
    return errors, conflict


def _actor_objects(state: State) -> list[str]:
    return [found for found, row in state.items() if tags(row).get("By") == "actor"]


def _resolve_conflict(lab: Lab) -> None:
    """Resolve a conflict as a person would.

    Delete the other client's resources, or all but one of the filters of a name that concurrent runs created, after
    switching the sessions to the remaining filter. Resources of a stack that the other client tagged stay.
    """
    state = lab.state()
    go = [found for found in _actor_objects(state) if STACK_TAG not in tags(state[found])]
    filters: dict[str, list[str]] = {}
    for found, row in sorted(state.items()):
        if found[:3] == "tmf" and not go:
            filters.setdefault(tags(row).get("Name", found), []).append(found)
    for *duplicates, stays in filters.values():
        for found, row in state.items():
            if found[:3] == "tms" and row["TrafficMirrorFilterId"] in duplicates:
                lab.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=found, TrafficMirrorFilterId=stays)
        go += duplicates
    for found in go:
        _remove(lab, found)


def _remove(lab: Lab, found: str) -> None:
    nouns = {"tms": "session", "tmf": "filter", "tmt": "target"}
    noun = nouns[found[:3]]
    remove = getattr(lab.ec2, f"delete_traffic_mirror_{noun}")
    remove(**{f"TrafficMirror{noun.title()}Id": found})


def find_duplicates(state: State) -> list[str]:
    """Return an error for each name that several resources have, and each interface with several fleet sessions."""
    names = Counter(
        (found[:3], tags(row)["Name"])
        for found, row in state.items()
        # A stack may have a resource of the same name as one that another client created.
        if "Name" in tags(row) and (tags(row).get("By") != "actor" or STACK_TAG in tags(row))
    )
    places = Counter(
        (tags(row)["vtap:fleet"], row["NetworkInterfaceId"]) for row in state.values() if "vtap:fleet" in tags(row)
    )
    del names["tms", "user"]  # two by design
    return [f"{count} resources instead of one: {what}" for what, count in (names + places).items() if count > 1]
