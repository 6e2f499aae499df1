# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cell of the matrix: a task, a fault at one of its calls, and the verdict on how it ended."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from . import child, playbook
from .faults import ACTORS, AT_ONCE, FAULTS, LAGS, Fault, act, rules
from .lab import Lab, Row, tags
from .scenarios import Scenario

State = dict[str, Row]
BY_NAME = {fault.name: fault for fault in FAULTS}
EVERY_CALL = "every call"
VERBS = ("Describe", "Create", "Modify", "Delete", "CreateTags", "DeleteTags", EVERY_CALL)
# What a task says if two objects could be meant: guarantee 5 of the README. A person decides, then it goes on.
AMBIGUOUS = re.compile(r"fits \d+ \w+, give|point at different|The name is that of|\d+ targets have the name")

NO_SUCH = re.compile(r"There is no session tms-.*leave traffic_mirror_session_id out")


def verb(action: str) -> str:
    """Which of VERBS an action is."""
    return action if action in VERBS else next(name for name in VERBS if action.startswith(name))


@dataclass(frozen=True)
class Cell:
    """fault: a name in BY_NAME at the nth call of the action, one of LAGS, or "actor deletes" and so on before the nth
    call of the run. whole: through ansible-playbook."""

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
    """how: done, failed (and done by the next run), refused (until a person has chosen) or DEFECT. why: of a defect."""

    how: str
    why: tuple[str, ...] = ()
    message: str = ""


def cells(scenario: Scenario, calls: list[str]) -> list[Cell]:
    """All cells of a scenario whose undisturbed run makes these calls."""
    found = []
    counts = Counter(calls)
    for action in dict.fromkeys(calls):
        chosen = {1, counts[action]} if scenario.many else range(1, counts[action] + 1)
        found += [Cell(scenario, fault.name, action, nth) for nth in sorted(chosen) for fault in FAULTS]
    if not scenario.writes:
        return found
    found += [Cell(scenario, lag, EVERY_CALL, 0) for lag in LAGS]
    between = list(range(2, len(calls) + 1))
    if scenario.many:
        between = sorted({*between[:6], between[len(between) // 2], *between[-2:]})
    for number in between:
        found += [
            Cell(scenario, f"actor {what}", calls[number - 1], number)
            for what in ACTORS
            if what != "creates" or scenario.rival is not None
        ]
    return found


def undisturbed(scenario: Scenario, lab: Lab) -> list[str]:
    """The calls of the scenario when nothing goes wrong. Raises AssertionError if even that does not work."""
    lab.reset()
    scenario.furnish(lab)
    before = lab.state()
    lab.emulator.clear_log()
    ended = lab.run(scenario.module, scenario.options(before))
    calls = [action for action in lab.actions() if action != "GetCallerIdentity"]
    wrong = scenario.wrong(lab.state(), before)
    assert ended.how == "done" and not wrong, f"{scenario.label}: {ended.how} {wrong} {ended.message} {ended.text}"
    return calls


def judge(cell: Cell, lab: Lab) -> Verdict:
    """Furnish, run with the fault, run again, and a third time."""
    scenario = cell.scenario
    lab.reset()
    scenario.furnish(lab)
    before = lab.state()
    options = scenario.options(before)
    lab.proxy.fired()
    around = _arm(cell, lab)
    fault = BY_NAME.get(cell.fault)
    given = {**options, **dict(fault.options if fault else ())}
    if cell.fault == AT_ONCE and not scenario.many:
        given["wait"] = True
    module = scenario.module
    ended = playbook.run(lab, module, given) if cell.whole else lab.run(module, given, around)
    fired = lab.proxy.fired() if fault else []
    if cell.fault == "too slow":
        time.sleep(1)  # what the task no longer waits for arrives
    wrong = ["the fault never came"] if fault and not fired else []
    wrong += _at_once(scenario, lab, options) if cell.fault == AT_ONCE else []
    lab.calm()
    for _read in range(LAGS.get(cell.fault, 0)):
        lab.state()
    after = lab.state()
    wrong += _ending(cell, ended, fault, before, after)
    wrong += touched(scenario, before, after)
    more, refused = settle(scenario, lab, options, before)
    how = "refused" if refused else ended.how
    return Verdict("DEFECT" if wrong or more else how, (*wrong, *more), ended.message)


def _arm(cell: Cell, lab: Lab) -> child.Around | None:
    if cell.fault in BY_NAME:
        lab.proxy.rules(rules(BY_NAME[cell.fault], cell.action, cell.nth))
        return None
    if cell.fault in LAGS:
        lab.emulator.knobs(lag={"reads": LAGS[cell.fault]})
        return None
    what = cell.fault.partition(" ")[2]

    def before(number: int, _action: str) -> None:
        if number == cell.nth:
            act(what, cell.scenario, lab, lab.state())

    return child.Around(before=before)


def _at_once(scenario: Scenario, lab: Lab, options: dict[str, Any]) -> list[str]:
    """What is wrong about a run that comes while Describe may still lag. A fleet, which cannot wait, may write again
    what does not show yet."""
    again = lab.run(scenario.module, options)
    wrong = [] if again.how == "done" else [f"the run at once {again.how}: {again.message or again.text[-1500:]}"]
    return wrong + ([f"the run at once changed: {again.result}"] if again.changed and not scenario.many else [])


def _ending(cell: Cell, ended: child.Ended, fault: Fault | None, before: State, after: State) -> list[str]:
    """What is wrong about the end of the faulty run."""
    if ended.how not in ("done", "failed"):
        return [f"{ended.how}: {ended.text[-1500:]}"]
    actor = cell.fault.startswith("actor")
    if not actor and vanished(cell.scenario, after):
        return [*vanished(cell.scenario, after), ended.message]
    if ended.how == "done":
        wrong = [] if actor else cell.scenario.wrong(after, before)
        return [f"it says done, but {one}" for one in wrong]
    wrong = []
    if len(ended.message) < 20:
        wrong.append(f"the message says nothing: {ended.message!r}")
    if fault is not None and cell.action not in ended.message:
        wrong.append(f"the message does not name {cell.action}: {ended.message}")
    if not ended.changed and not actor and before != after and "no reply" not in ended.message.lower():
        wrong.append(f"something changed and the result does not say so: {ended.message}")
    made = {found for found in set(after) - set(before) if tags(after[found]).get("By") != "actor"}
    # A fleet's sessions are whole, and its result names them by their interfaces.
    told = json.dumps(ended.result) if cell.scenario.many else ended.message
    names = {found: after[found]["NetworkInterfaceId"] if cell.scenario.many else found for found in sorted(made)}
    wrong += [f"{found} was left and not named: {ended.message}" for found, name in names.items() if name not in told]
    return wrong


def vanished(scenario: Scenario, after: State) -> list[str]:
    """What is wrong if a replacement, wherever it ended, has left neither of the two."""
    member = {"session": "TrafficMirrorSessionId", "filter": "EgressFilterRules", "target": "Type"}.get(scenario.module)
    if not scenario.name.startswith("replace") or any(member in row and scenario.mine(row) for row in after.values()):
        return []
    return ["neither the old one nor the new one is left"]


def touched(scenario: Scenario, before: State, after: State) -> list[str]:
    """What changed that is nobody's business here."""
    return [
        f"{found} was touched: {row} became {after.get(found)}"
        for found, row in before.items()
        if not scenario.mine(row) and after.get(found) != row
    ]


def settle(scenario: Scenario, lab: Lab, options: dict[str, Any], before: State) -> tuple[list[str], bool]:
    """Run again and a third time. Returns what is wrong then, and whether a person had to choose between two."""
    again, refused = lab.run(scenario.module, options, direct=True), False
    if again.how == "failed" and AMBIGUOUS.search(again.message):
        refused = True
        _choose(lab)
        again = lab.run(scenario.module, options, direct=True)
    if again.how == "failed" and "id" in options and NO_SUCH.search(again.message):
        refused = True  # somebody else removed it; a person leaves the id out
        options = {option: value for option, value in options.items() if option != "id"}
        again = lab.run(scenario.module, options, direct=True)
    after = lab.state()
    wrong = []
    if again.how != "done":
        wrong.append(f"the next run {again.how}: {again.message or again.text[-1500:]}")
    wrong += [f"after the next run {one}" for one in scenario.wrong(after, before)]
    wrong += touched(scenario, before, after)
    wrong += doubles(after)
    third = lab.run(scenario.module, options, direct=True)
    if third.how != "done" or third.changed or lab.state() != after:
        wrong.append(f"the third run {third.how} and {'changed something' if third.changed else ''}: {third.message}")
    return wrong, refused


def _choose(lab: Lab) -> None:
    """What a person does who is told of two: the other one's goes, or one of two that runs of the same task made. Its
    sessions get the one that stays."""
    state = lab.state()
    go = [found for found, row in state.items() if tags(row).get("By") == "actor"]
    if not go:
        *go, stays = sorted(
            found for found, row in state.items() if found[:3] == "tmf" and tags(row).get("Name") == "mine"
        )
        for found, row in state.items():
            if found[:3] == "tms" and row["TrafficMirrorFilterId"] in go:
                lab.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=found, TrafficMirrorFilterId=stays)
    for found in go:
        _remove(lab, found)


def _remove(lab: Lab, found: str) -> None:
    nouns = {"tms": "session", "tmf": "filter", "tmt": "target"}
    noun = nouns[found[:3]]
    remove = getattr(lab.ec2, f"delete_traffic_mirror_{noun}")
    remove(**{f"TrafficMirror{noun.title()}Id": found})


def doubles(state: State) -> list[str]:
    """Objects of one kind with one name, and sessions of a fleet on one interface."""
    names = Counter((found[:3], tags(row)["Name"]) for found, row in state.items() if "Name" in tags(row))
    places = Counter(
        (tags(row)["vtap:fleet"], row["NetworkInterfaceId"]) for row in state.values() if "vtap:fleet" in tags(row)
    )
    del names["tms", "user"]  # two on purpose
    return [f"there are {count} of {what}" for what, count in (names + places).items() if count > 1]
