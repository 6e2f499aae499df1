# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the rulebook vtap.aws.fleet with events in the emulator. Start: make eda

python -m tests.eda VENV [SCENARIO ...]: the environment with ansible-rulebook, amazon.aws and vtap.aws, and the names
of functions in SCENARIOS, default: all. Prints a line for each scenario and a table. The exit status is 1 if an
expectation was not met; then the output of the rulebook is printed.
"""

from __future__ import annotations

import fnmatch
import json
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable

from tests.eda import events
from tests.eda.place import QUEUE, Failed, Place, wait_for
from tests.eda.rulebook import Rulebook, Run
from tests.emulator.client import Emulator
from tests.integration.fleet_accounts import HUB, WEB

# once_after of the rulebook, and a margin for slow machines.
PERIOD, MARGIN = 30, 60
BURST, LONG = 50, 22
MARK = "marked-by-a-template"
# Messages that must not start a run.
STRAYS = (
    "{not json",
    " ",
    "[]",
    "7",
    "null",
    "{}",
    '{"detail-type": 5}',
    '{"detail-type": "Scheduled Event"}',
    '"text"',
)


class Outcome:
    """What a scenario showed: its events, its runs, and the seconds until the sessions exist."""

    def __init__(self, name: str, sent: int) -> None:
        self.name, self.sent, self.latency, self.runs = name, sent, 0.0, list[Run]()

    def cells(self) -> tuple[str, ...]:
        seconds = " ".join(f"{run.seconds:.1f}" for run in self.runs)
        latency = f"{self.latency:.1f}" if self.latency else "-"
        return self.name, str(self.sent), str(len(self.runs)), latency, seconds or "-"


def idle(rulebook: Rulebook, outcome: Outcome, first: int) -> None:
    """Wait until no run is going on or due. Stores the runs of the scenario: those from number first on."""
    wait_for(lambda: not rulebook.is_running, MARGIN, "the end of the run")
    time.sleep(PERIOD + 5)
    wait_for(lambda: not rulebook.is_running, MARGIN, "the end of the last run")
    outcome.runs = rulebook.runs[first:]


def require(condition: bool, text: str) -> None:
    if not condition:
        raise Failed(text)


def stray_messages(place: Place, rulebook: Rulebook) -> Outcome:
    """Messages that are not events of the patterns start no run, and do not stop the rulebook."""
    outcome, first = Outcome("other messages", len(STRAYS) + 1), len(rulebook.runs)
    place.send_messages(*STRAYS)
    place.send(events.tag_change("tms-0a1b2c3d4e5f60718", "traffic-mirror-session", **{"vtap:fleet": "ids-prod"}))
    wait_for(lambda: place.calls("DeleteMessageBatch") == len(STRAYS), MARGIN, "all messages are read and deleted")
    idle(rulebook, outcome, first)
    require(not outcome.runs, "another message started a run")
    return outcome


def one_event(place: Place, rulebook: Rulebook) -> Outcome:
    """A tag change creates a session. Template expressions in tags are not evaluated."""
    outcome, first = Outcome("one event", 1), len(rulebook.runs)
    web = place.emulator.lab["instances"]["web"]
    place.tag(web)
    mark = "{{ lookup('ansible.builtin.pipe', 'touch " + str(place.folder / MARK) + "') }}"
    began = time.monotonic()
    place.send(events.tag_change(web, Role="web", Name=mark))
    outcome.latency = wait_for(lambda: place.sessions() == 1, PERIOD + MARGIN, "one session") - began
    idle(rulebook, outcome, first)
    require(len(outcome.runs) == 1, f"one event started {len(outcome.runs)} runs")
    require(not (place.folder / MARK).exists(), "a template expression in a tag was evaluated")
    return outcome


def burst(place: Place, rulebook: Rulebook) -> Outcome:
    """Fifty instances enter the state running at once."""
    outcome, first, had = Outcome(f"burst of {BURST}", BURST), len(rulebook.runs), place.sessions()
    instances = place.emulator.bulk_seed(BURST, tags={"Role": "web"})["instances"]
    began = time.monotonic()
    place.send(*map(events.state_change, instances))
    wanted = had + BURST
    outcome.latency = wait_for(lambda: place.sessions() == wanted, PERIOD + MARGIN, f"{wanted} sessions") - began
    idle(rulebook, outcome, first)
    require(1 <= len(outcome.runs) <= 2, f"the burst started {len(outcome.runs)} runs")
    return outcome


def event_during_a_run(place: Place, rulebook: Rulebook) -> Outcome:
    """An event that arrives during a run starts another one. No event is lost."""
    outcome, first, had = Outcome("event during a run", 2), len(rulebook.runs), place.sessions()
    lab = place.emulator.lab["instances"]
    place.send(events.state_change(lab["db"]))
    wait_for(lambda: len(rulebook.runs) > first, PERIOD + MARGIN, "a run")
    # The run must not see the tag.
    reads = place.calls("DescribeInstances")
    wait_for(lambda: place.calls("DescribeInstances") > reads, MARGIN, "the run reads the instances")
    began = time.monotonic()
    place.tag(lab["db"])
    place.send(events.tag_change(lab["db"], Role="web"))
    require(rulebook.is_running, "the first run ended before the second event")
    outcome.latency = wait_for(lambda: place.sessions() == had + 1, PERIOD + MARGIN, "a session") - began
    idle(rulebook, outcome, first)
    require(len(outcome.runs) == 2, f"two events started {len(outcome.runs)} runs")
    return outcome


def event_during_a_long_run(place: Place, rulebook: Rulebook) -> Outcome:
    """A run that is due during another one starts after its end."""
    outcome, first, had = Outcome("event during a long run", 2), len(rulebook.runs), place.sessions()
    # The sessions take longer than the period.
    place.emulator.bulk_seed(LONG, tags={"Role": "web"})
    place.emulator.settings(throttle={"CreateTrafficMirrorSession": [1, 0.5]})
    lab = place.emulator.lab["instances"]
    place.send(events.state_change(lab["db"]))
    wait_for(lambda: place.sessions() > had, PERIOD + MARGIN, "the first session")
    began = time.monotonic()
    place.tag(lab["app"])
    place.send(events.tag_change(lab["app"], Role="web"))
    # The app instance has three interfaces.
    wanted = had + LONG + 3
    outcome.latency = wait_for(lambda: place.sessions() == wanted, 2 * (PERIOD + MARGIN), f"{wanted} sessions") - began
    place.emulator.settings(throttle=None)
    idle(rulebook, outcome, first)
    require(len(outcome.runs) == 2, f"two events started {len(outcome.runs)} runs")
    require(outcome.runs[0].seconds > PERIOD, "the first run ended before the second one was due")
    require(outcome.runs[1].began >= outcome.runs[0].ended, "the second run began during the first one")
    return outcome


def failed_run(place: Place, rulebook: Rulebook) -> Outcome:
    """A failed run does not stop the rulebook."""
    outcome, first = Outcome("failed run", 1), len(rulebook.runs)
    place.emulator.settings(denied=["ec2:DescribeInstances"])
    place.send(events.state_change(place.emulator.lab["instances"]["web"], "stopped"))
    wait_for(lambda: len(rulebook.runs) > first, PERIOD + MARGIN, "a run")
    idle(rulebook, outcome, first)
    place.emulator.settings(denied=None)
    require([run.status > 0 for run in outcome.runs] == [True], f"one failed run was expected: {outcome.runs}")
    return outcome


def other_account(place: Place, rulebook: Rulebook) -> Outcome:
    """An event of another account arrives by way of the bus."""
    outcome, first = Outcome("event of another account", 1), len(rulebook.runs)
    place.add_member()
    db = place.emulator.lab["instances"]["db"]
    place.tag(db, account=WEB)
    began = time.monotonic()
    place.send(events.api_call("AttachNetworkInterface"), account=WEB)
    outcome.latency = wait_for(lambda: place.sessions(WEB) == 1, PERIOD + MARGIN, "a session in the account") - began
    idle(rulebook, outcome, first)
    require(len(outcome.runs) == 1, f"one event started {len(outcome.runs)} runs")
    return outcome


SCENARIOS: tuple[Callable[[Place, Rulebook], Outcome], ...] = (
    stray_messages,
    one_event,
    burst,
    event_during_a_run,
    event_during_a_long_run,
    failed_run,
    other_account,
)


def table(outcomes: list[Outcome]) -> str:
    cells = [
        ("scenario", "events", "runs", "seconds to session", "seconds per run"),
        *(outcome.cells() for outcome in outcomes),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def check_account(place: Place) -> None:
    """Check the queue that the commands of the guide have created."""
    sqs = place.emulator.client("sqs", HUB)
    for name in (QUEUE, f"{QUEUE}-undelivered"):
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        require(f':{name}"' in found["Policy"], f"the policy of {name} is for another queue: {found['Policy']}")
        require(found["QueueArn"] in found["Policy"], f"the policy of {name} is for another queue")
        senders = json.loads(found["Policy"])["Statement"][0]["Condition"]["ArnLike"]["aws:SourceArn"]
        for bus in ("default", QUEUE):
            for rule in place.emulator.client("events", HUB).list_rules(EventBusName=bus)["Rules"]:
                # A rule of another bus has its name before that of the rule: rule/BUS/RULE.
                require(fnmatch.fnmatchcase(rule["Arn"], senders), f"the policy of {name} denies {rule['Arn']}")
        if name == QUEUE:
            require(found["MessageRetentionPeriod"] == "3600", "the queue does not keep messages for one hour")


def run(place: Place, scenarios: list[Callable[[Place, Rulebook], Outcome]]) -> None:
    """Run the scenarios with one rulebook and print the results. Raises Failed."""
    outcomes: list[Outcome] = []
    began = time.monotonic()
    with place.start() as rulebook:
        print(f"rulebook: reads the queue after {time.monotonic() - began:.1f} s", flush=True)
        try:
            for scenario in scenarios:
                outcomes.append(scenario(place, rulebook))
                print(f"{outcomes[-1].name}: {scenario.__doc__} OK", flush=True)
            require(rulebook.most_at_once <= 1, f"{rulebook.most_at_once} runs at once")
            require(rulebook.is_alive, "the rulebook ended")
        except Failed:
            rulebook.stop()
            print(*rulebook.output, sep="", end="")
            raise
        print(f"\n{table(outcomes)}\nruns at the same time: at most {rulebook.most_at_once}")


def main() -> int:
    venv = pathlib.Path(sys.argv[1]).resolve()
    unknown = set(sys.argv[2:]) - {one.__name__ for one in SCENARIOS}
    if unknown:
        print(f"Unknown: {', '.join(sorted(unknown))}; valid: {', '.join(one.__name__ for one in SCENARIOS)}")
        return 2
    chosen = [one for one in SCENARIOS if one.__name__ in sys.argv[2:] or not sys.argv[2:]]
    with tempfile.TemporaryDirectory() as folder, Emulator() as emulator:
        try:
            place = Place(emulator, venv, pathlib.Path(folder))
            check_account(place)
            print("queue, rules and bus: created with the commands of the guide", flush=True)
            run(place, chosen)
        except Failed as error:
            print(f"FAILED: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
