# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a stack against the emulator: options, plan, results, calls and resources."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._model.api_objects import add_expires_at
from ansible_collections.vtap.aws.plugins.module_utils._model.placeholders import with_placeholders
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, RULE, SESSION, TARGET
from ansible_collections.vtap.aws.plugins.module_utils._resources.session import REFERENCES
from ansible_collections.vtap.aws.plugins.module_utils._runtime.argument_spec import child_list_spec, resource_options
from ansible_collections.vtap.aws.plugins.module_utils._stack.executor import StackExecutor
from ansible_collections.vtap.aws.plugins.module_utils._stack.guards import plan_guarded
from ansible_collections.vtap.aws.plugins.module_utils._stack.options import EXTRA_OPTIONS, LISTS, TYPES, Stack
from ansible_collections.vtap.aws.plugins.module_utils._stack.report import list_resources

from tests.unit.batch.runs import BatchRun, connect

# Interfaces of the lab that can be the source of a session.
WEB, APP1, APP2, APP3 = (f"eni-0a1b2c3d4e5f607{number}" for number in ("18", "21", "22", "23"))
# Interfaces of the lab that are destinations in the tests.
SENSOR, SENSOR_B = "eni-0a1b2c3d4e5f60741", "eni-0a1b2c3d4e5f60742"
ENDPOINT = "vpce-0a1b2c3d4e5f60771"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/sensors-b/0a1b2c3d4e5f6072"
# Resources of the lab without an ownership mark, named lab-filter and lab-target.
LAB_FILTER, LAB_TARGET = "tmf-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60718"
NAME = "ids"
OPTIONS = {
    "state": "present",
    "name": NAME,
    "filters": None,
    "targets": None,
    "sessions": None,
    "purge": True,
    "purge_tags": True,
    "adopt": False,
    "adopt_stacks": None,
    "allow_replacement": False,
    "max_deletes": "10 or 10%",
    "default_tags": None,
    "ignore_tag_keys": None,
    "ignore_tag_key_prefixes": None,
    "wait": False,
    "wait_timeout": 120,
}
DESCRIBES = sorted(f"Describe{one.api}s" for one in TYPES)


def filter_entry(name=None, **given):
    """An entry of filters with all suboptions. Its rules are entries of rule_options.rule."""
    entry = _complete(FILTER, (), {"name": name, **given})
    if entry["rules"] is not None:
        spec = child_list_spec(RULE)["options"]
        entry["rules"] = [{**_defaults(spec), **rule} for rule in entry["rules"]]
    return entry


def target_entry(name=None, **given):
    """An entry of targets with all suboptions."""
    return _complete(TARGET, (), {"name": name, **given})


def session_entry(name=None, filter=None, target=None, interface=None, number=None, **given):
    """An entry of sessions with all suboptions. filter and target: names."""
    names = {"traffic_mirror_filter_name": filter, "traffic_mirror_target_name": target}
    place = {"network_interface_id": interface, "session_number": number}
    return _complete(SESSION, REFERENCES, {"name": name, **names, **place, **given})


def _complete(resource_type, references, given):
    spec = resource_options(resource_type, references, EXTRA_OPTIONS.get(resource_type))
    assert set(given) <= set(spec)
    return {**_defaults(spec), **given}


def _defaults(spec):
    return {option: one.get("default") for option, one in spec.items()}


def options(**given):
    """The options of a task with all defaults."""
    assert set(given) <= set(OPTIONS)
    return {**OPTIONS, **given}


def document(filters=("f",), targets=(("t", SENSOR),), sessions=(("s", WEB),), **given):
    """The options of a task with one filter, target and session, unless given.

    filters: names. targets: names with interfaces. sessions: names with interfaces; they use the first filter and
    target. Each can also be an entry.
    """
    first = [one.get("name") if isinstance(one, dict) else one for one in filters]
    first += [one.get("name") if isinstance(one, dict) else one[0] for one in targets[:1]]
    return options(
        filters=[one if isinstance(one, dict) else filter_entry(one) for one in filters],
        targets=[
            one if isinstance(one, dict) else target_entry(one[0], network_interface_id=one[1]) for one in targets
        ],
        sessions=[
            one if isinstance(one, dict) else session_entry(one[0], first[0], first[-1], one[1]) for one in sessions
        ],
        **given,
    )


def lab_session(name, interface=WEB, number=None, **given):
    """An entry of sessions that uses the filter and target of the lab."""
    return session_entry(name, "lab-filter", "lab-target", interface, number, **given)


def only_sessions(*entries, **given):
    return options(sessions=list(entries), max_deletes="100", **given)


class StackRun(BatchRun):
    """One run of a stack. It has a plan as the module makes it, and after execute() results.

    excess: the message if deletions are held back, otherwise None.
    """

    def __init__(self, ec2, params, check_mode=False, workers=4):
        self.ec2, self.workers = ec2, workers
        self.stack = Stack.from_options(params, check_mode)
        self.entries, self.excess = plan_guarded(self.stack, ec2, check_mode)
        self.planned = describe_plan(self.entries)

    def execute(self):
        StackExecutor(self.ec2, self.workers).run(self.entries)
        return self

    def entry(self, key):
        """The entry with this key, such as C(session web-1)."""
        (found,) = (one for one in self.entries if one.key == key)
        return found

    @property
    def order(self):
        """The keys of the entries with calls, by phase."""
        phases = {}
        for entry in self.entries:
            if entry.plan.actions:
                phases.setdefault(entry.phase, []).append(entry.key)
        return [sorted(keys) for keys in phases.values()]


def describe_plan(entries):
    """The plan as the result has it, with the calls and phases."""
    calls = [[one.describe() for one in entry.plan.actions] for entry in entries]
    return with_placeholders([{**one.describe(), "calls": c, "phase": one.phase} for one, c in zip(entries, calls)])


def read_resources(running):
    """All filters, targets and sessions as EC2 returns them, by id."""
    ec2 = connect(running)
    return {row[one.id_option]: row for one in TYPES for row in ec2.describe(one, child_tags=True)}


def list_marked(running, name=NAME):
    """The names of the resources with the mark of the stack, by list."""
    ec2 = connect(running)
    return {
        option: sorted(
            row["tags"].get("Name", "") for row in ec2.describe(one) if row["tags"].get("vtap:stack") == name
        )
        for option, one in LISTS.items()
    }


def list_calls(emulator):
    """The EC2 actions since the last clear of the log, in order, without dry runs."""
    return [entry["action"] for entry in emulator.log() if not entry["dry_run"]]


def list_writes(emulator):
    """The EC2 actions that change something."""
    return [action for action in list_calls(emulator) if not action.startswith("Describe")]


def assert_reports_truth(run, running):
    """The reported resources are those that EC2 has."""
    existing = read_resources(running)
    for option, rows in list_resources(run.entries).items():
        for name, row in rows.items():
            found = existing.get(row[LISTS[option].id_option], {})
            assert row == add_expires_at(LISTS[option], found), (option, name)


def find_named(running, resource_type, name):
    """The only resource with this name."""
    (found,) = (row for row in connect(running).describe(resource_type) if row["tags"].get("Name") == name)
    return found


def list_tags(kind, **tags):
    """The parameter with the tags of a resource of the stack."""
    pairs = [{"Key": key, "Value": value} for key, value in {"vtap:stack": "ids", **tags}.items()]
    return [{"ResourceType": f"traffic-mirror-{kind}", "Tags": pairs}]


def create_filter(running, name="f", description="x", **tags):
    """Create a filter of the stack. Returns the id."""
    reply = running[1].create_traffic_mirror_filter(
        Description=description, TagSpecifications=list_tags("filter", Name=name, **tags)
    )
    return reply["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
