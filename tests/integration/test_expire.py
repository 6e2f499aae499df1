# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the playbook vtap.aws.expire, which deletes expired sessions."""

from __future__ import annotations

import json

import pytest

from tests.integration.conftest import ROOT, recap
from tests.integration.pages import assert_printed, find_blocks

PAST, EARLIER, FUTURE = "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
DB = "eni-0a1b2c3d4e5f60751"
OTHER = "210987654321"
PAGE = (ROOT / "docs/docsite/rst/expiry.rst").read_text()
CALLS = ["DescribeTrafficMirrorSessions", "DeleteTrafficMirrorSession"]


@pytest.fixture
def expire(play):
    """Return a function that runs the playbook."""
    return lambda *arguments: play("vtap.aws.expire", *arguments)


def create(emulator, place, tag, number=1, lab=None, account=None, **tags):
    """Create a session with this tag vtap:expires, None for none. place: the interface's name in the lab."""
    lab, client = lab or emulator.lab, emulator.client(**({"account": account} if account else {}))
    pairs = [{"Key": key, "Value": value} for key, value in {**tags, "vtap:expires": tag}.items() if value is not None]
    made = client.create_traffic_mirror_session(
        NetworkInterfaceId=lab["interfaces"][place],
        SessionNumber=number,
        TrafficMirrorTargetId=lab["target"],
        TrafficMirrorFilterId=lab["filter"],
        TagSpecifications=[{"ResourceType": "traffic-mirror-session", "Tags": pairs}] if pairs else [],
    )
    return made["TrafficMirrorSession"]["TrafficMirrorSessionId"]


def ids(emulator):
    rows = emulator.client().describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    return {row["TrafficMirrorSessionId"] for row in rows}


def calls(emulator):
    return [entry["action"] for entry in emulator.log() if entry["action"] != "GetCallerIdentity"]


def text_of(done):
    return " ".join((done.stdout + done.stderr).split())


def test_expired_sessions_are_deleted(expire, emulator):
    """Also sessions of a fleet or stack. Check mode reports the same changes."""
    expired = {
        create(emulator, "web", PAST, Name="incident 4711"): f"{PAST} ",
        create(emulator, "web", f"{EARLIER} 4h", 2): f"{EARLIER} ",
        create(emulator, "db", PAST, **{"vtap:fleet": "ids"}): f"{PAST} ",
        create(emulator, "app-1", PAST, **{"vtap:stack": "edge"}): f"{PAST} ",
    }
    kept = {
        create(emulator, "web", None, 3),
        create(emulator, "app-2", FUTURE),
        create(emulator, "db", f"{FUTURE} 9d", 2),
    }
    emulator.clear_log()
    foreseen = expire("--check")
    assert ids(emulator) == {*expired, *kept}
    done = expire()
    assert ids(emulator) == kept
    for one in (foreseen, done):
        assert one.returncode == 0 and recap(one)["changed"] == 1, text_of(one)
        assert one.stdout.count("changed: [localhost]") == len(expired)
        assert all(f'"{time}{session_id} eni-' in one.stdout for session_id, time in expired.items()), one.stdout
        assert "incident 4711" in one.stdout and not any(session_id in one.stdout for session_id in kept)
    nothing = expire()
    assert nothing.returncode == 0 and recap(nothing)["changed"] == 0 and "No session has expired." in nothing.stdout


def test_calls(expire, emulator):
    """One Describe for the list, and a Describe and a Delete for each expired session."""
    create(emulator, "web", PAST)
    create(emulator, "db", FUTURE)
    emulator.clear_log()
    assert expire().returncode == 0
    assert calls(emulator) == [CALLS[0], *CALLS]
    emulator.clear_log()
    assert expire().returncode == 0
    assert calls(emulator) == [CALLS[0]]


def test_limit(expire, emulator):
    """Nothing is deleted if more sessions have expired than the limit allows. The output lists them."""
    created = {create(emulator, "web", PAST, number) for number in (1, 2, 3)}
    for arguments in ((), ("--check",)):
        done = expire("-e", "vtap_max_deletes=2", *arguments)
        assert done.returncode == 2 and all(session_id in done.stdout for session_id in created)
        assert "Nothing was deleted: 3 sessions have expired, and vtap_max_deletes allows 2." in text_of(done)
        assert ids(emulator) == created
    assert expire("-e", "vtap_max_deletes=3").returncode == 0 and ids(emulator) == set()


@pytest.mark.parametrize("value", ["", "10%", "-1", "many"])
def test_invalid_limit(expire, emulator, value):
    emulator.clear_log()
    done = expire("-e", f"vtap_max_deletes={value}")
    assert done.returncode == 2 and f"must be a number from 0 to 999999999, not '{value}'" in text_of(done)
    assert emulator.log() == []


def test_malformed_tag(expire, emulator):
    """The session is not deleted, all others are, and the playbook fails at the end."""
    malformed = {create(emulator, "web", "tomorrow"), create(emulator, "app-1", "2026-01-01T00:00:00")}
    create(emulator, "db", PAST)
    done = expire()
    assert done.returncode == 2 and recap(done)["changed"] == 1 and ids(emulator) == malformed
    assert f"is malformed, so they do not expire: {', '.join(sorted(malformed))}." in text_of(done)


def test_renewed_session_is_kept(expire, emulator):
    """Another client renews a session after the playbook has listed it. The other sessions are deleted."""
    first, second = create(emulator, "web", EARLIER), create(emulator, "db", PAST)
    parameters = {"Resources": [first], "Tags": [{"Key": "vtap:expires", "Value": FUTURE}]}
    renewal = {"action": "CreateTags", "parameters": parameters}
    emulator.settings(interleave=[{"after": CALLS[0], "do": [renewal]}])
    done = expire()
    assert ids(emulator) == {first}, second
    assert done.returncode == 2
    assert f"expires at {FUTURE}, and expires_at is {EARLIER}; nothing was deleted" in text_of(done)


def test_sessions_of_another_account_and_region(expire, emulator):
    create(emulator, "web", PAST, lab=emulator.seed(account=OTHER), account=OTHER)
    own = create(emulator, "web", PAST)
    assert expire("-e", "vtap_region=eu-central-1").returncode == 0 and ids(emulator) == {own}
    assert expire().returncode == 0 and ids(emulator) == set()
    assert len(emulator.client(account=OTHER).describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == 1


def test_guide(play, expire, emulator, monkeypatch):
    """The playbooks of the guide have the output of the guide, and the policy of the guide allows vtap.aws.expire."""
    incident, stack, _import = find_blocks(PAGE, "yaml")
    created, deleted, _cron = find_blocks(PAGE, "text")
    done = play(incident)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_printed(done, created)
    again = play(incident)
    assert recap(again) == {**recap(done), "changed": 0}, again.stdout
    assert play(incident, "--check").returncode == 0
    done = play(stack)
    assert recap(done)["changed"] == 1 and recap(play(stack))["changed"] == 0, done.stdout
    rows = emulator.client().describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    (incident_id,) = (row["TrafficMirrorSessionId"] for row in rows if row["NetworkInterfaceId"] == DB)
    emulator.tags(incident_id, **{"vtap:expires": f"{PAST} 4h"})

    monkeypatch.setattr(emulator, "env", emulator.user(json.loads(find_blocks(PAGE, "json")[0])))
    done = expire()
    assert done.returncode == 0, done.stdout + done.stderr
    assert_printed(done, deleted)
    assert len(ids(emulator)) == 2
