# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the playbook vtap.aws.teardown, which deletes what has the tag Team=netsec."""

from __future__ import annotations

import re

import pytest

from tests.integration.conftest import recap

OTHER = "210987654321"
TEAM = {"Team": "netsec"}


@pytest.fixture
def teardown(play):
    """Return a function that runs the playbook."""
    return lambda *arguments: play(
        "vtap.aws.teardown", "-e", "vtap_tag_key=Team", "-e", "vtap_tag_value=netsec", *arguments
    )


def tagged(kind, **tags):
    """Return the parameter of a Create call for these tags and the tag Team=netsec."""
    pairs = [{"Key": key, "Value": value} for key, value in {**TEAM, **tags}.items()]
    return {"TagSpecifications": [{"ResourceType": f"traffic-mirror-{kind}", "Tags": pairs}]}


def create_filter(ec2, **more):
    return ec2.create_traffic_mirror_filter(**more)["TrafficMirrorFilter"]["TrafficMirrorFilterId"]


def create_target(ec2, **more):
    return ec2.create_traffic_mirror_target(**more)["TrafficMirrorTarget"]["TrafficMirrorTargetId"]


def create_session(ec2, interface, target, the_filter, **more):
    made = ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface,
        SessionNumber=1,
        TrafficMirrorTargetId=target,
        TrafficMirrorFilterId=the_filter,
        **more,
    )
    return made["TrafficMirrorSession"]["TrafficMirrorSessionId"]


def ids(ec2):
    """Return the ids of the sessions, targets and filters of the account."""
    return (
        [one["TrafficMirrorSessionId"] for one in ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]],
        [one["TrafficMirrorTargetId"] for one in ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"]],
        [one["TrafficMirrorFilterId"] for one in ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]],
    )


def test_teardown(teardown, emulator):
    """The playbook deletes all resources with the tag and no others. Check mode reports the same changes."""
    ec2, lab = emulator.client(), emulator.lab
    the_filter = create_filter(ec2, **tagged("filter"))
    for interface, destination in (
        ("web", {"NetworkInterfaceId": lab["interfaces"]["sensor"]}),
        ("db", {"NetworkLoadBalancerArn": lab["load_balancers"]["sensors-b"]}),
    ):
        target = create_target(ec2, **destination, **tagged("target"))
        create_session(ec2, lab["interfaces"][interface], target, the_filter, **tagged("session"))
    kept = create_session(ec2, lab["interfaces"]["app-1"], lab["target"], the_filter)
    there = ids(ec2)

    refused = teardown()
    assert refused.returncode == 2 and "Nothing was deleted: " in refused.stdout + refused.stderr
    assert kept in refused.stdout + refused.stderr
    assert ids(ec2) == there
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=kept, TrafficMirrorFilterId=lab["filter"])

    def run(*arguments):
        done = teardown(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return recap(done)["changed"], done.stdout.count("changed: [localhost]")

    foreseen = run("--check")
    assert ids(ec2) == there, "check mode deleted a resource"
    assert run() == foreseen == (3, 5)
    assert ids(ec2) == ([kept], [lab["target"]], [lab["filter"]])


def test_tag_that_no_resource_has(teardown, emulator):
    for arguments in ((), ("--check", "-e", "vtap_region=eu-west-1")):
        done = teardown(*arguments)
        told = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == 2 and recap(done)["failed"] == 1, told
        where = "eu-west-1" if arguments else "the configured region"
        assert f"No session, target or filter in {where} has the tag Team=netsec." in told
        assert "vtap_allow_empty=true" in told
    allowed = teardown("-e", "vtap_allow_empty=true")
    assert allowed.returncode == 0 and recap(allowed)["changed"] == 0, allowed.stdout + allowed.stderr
    assert not [entry for entry in emulator.log() if not entry["action"].startswith("Describe")]


def test_ownership_marks_and_many_sessions(teardown, emulator):
    """Ownership marks do not protect a resource that has the tag. The output has at most ten ids of each kind."""
    ec2, lab = emulator.client(), emulator.lab
    the_filter = create_filter(ec2, **tagged("filter", **{"vtap:stack": "edge"}))
    target = create_target(
        ec2, NetworkLoadBalancerArn=lab["load_balancers"]["sensors-b"], **tagged("target", Name="sensors")
    )
    emulator.tags(target, **{"aws:cloudformation:stack-id": "arn:aws:cloudformation:eu-west-1:123456789012:stack/x/1"})
    of_fleet = {**TEAM, "Name": "ids", "vtap:fleet": "ids"}
    emulator.bulk_seed(12, sessions={"target": target, "filter": the_filter, "tags": of_fleet})
    there = ids(ec2)

    foreseen = teardown("--check")
    assert ids(ec2) == there, "check mode deleted a resource"
    done = teardown()
    assert ids(ec2) == ([], [lab["target"]], [lab["filter"]]), done.stdout + done.stderr
    for run in (foreseen, done):
        assert run.returncode == 0 and recap(run) == recap(done), run.stdout + run.stderr
        assert len(set(re.findall(r"\btms-\w+", run.stdout + run.stderr))) == 10, run.stdout + run.stderr
        assert re.search(r'"sessions \(12\): (ids tms-\w+, ){9}ids tms-\w+ and 2 more"', run.stdout), run.stdout
        assert f'"targets (1): sensors {target}"' in run.stdout, run.stdout
        assert f'"filters (1): (no name) {the_filter}"' in run.stdout, run.stdout


def test_many_sessions_without_the_tag(teardown, emulator):
    """The failure has at most ten ids."""
    the_filter = create_filter(emulator.client(), **tagged("filter"))
    emulator.bulk_seed(12, sessions={"target": emulator.lab["target"], "filter": the_filter})
    done = teardown()
    told = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2 and re.search(r"with that tag: (tms-\w+, ){9}tms-\w+ and 2 more\. ", told), told
    assert len(set(re.findall(r"\btms-\w+", told))) == 10


def test_sessions_of_another_account(teardown, emulator):
    """Sessions of another account are not changed, also if they have the tag or use a target with the tag."""
    ec2, lab = emulator.client(), emulator.lab
    theirs, their_lab = emulator.client(account=OTHER), emulator.seed(account=OTHER)
    own = create_session(ec2, lab["interfaces"]["web"], lab["target"], lab["filter"], **tagged("session"))
    target = create_target(ec2, NetworkInterfaceId=lab["interfaces"]["sensor"], **tagged("target"))
    emulator.share(target, OTHER)
    sessions = [
        create_session(theirs, their_lab["interfaces"][interface], used, their_lab["filter"], **tagged("session"))
        for interface, used in (("db", target), ("web", their_lab["target"]))
    ]
    refused = teardown()
    assert refused.returncode == 2 and sessions[0] in refused.stdout + refused.stderr, refused.stdout + refused.stderr
    assert own in ids(ec2)[0] and sorted(ids(theirs)[0]) == sorted(sessions)

    theirs.delete_traffic_mirror_session(TrafficMirrorSessionId=sessions[0])
    done = teardown()
    assert done.returncode == 0 and recap(done)["changed"] == 2, done.stdout + done.stderr
    assert ids(ec2) == ([], [lab["target"]], [lab["filter"]]) and ids(theirs)[0] == sessions[1:]
