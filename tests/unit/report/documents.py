# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builders of documents of reports, small ones and ones with thousands of sessions."""

from __future__ import annotations

from collections import Counter

from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import SUMMARY_KEYS
from ansible_collections.vtap.aws.plugins.module_utils._report.document import (
    CAUSES,
    COVERAGE_KEYS,
    build_document,
    create_fleet,
)

ACCOUNT, REGION, TARGET = "123456789012", "eu-west-1", "tmt-0a1b2c3d4e5f60718"
CREATED_AT = "2026-11-26T03:12:45Z"
_KEYS = {"create": "created", "update": "updated", "delete": "deleted", "skip": "skipped", "unchanged": "unchanged"}


def row(number, action="unchanged", coverage="mirrored", **more):
    """A row of a plan. more: further keys."""
    return {
        "network_interface_id": f"eni-{number:017x}",
        "availability_zone": f"{REGION}{'abc'[number % 3]}",
        "instance_id": f"i-{number:017x}",
        "instance_name": f"web-{number}",
        "action": action,
        "reason": "up to date",
        "coverage": coverage,
        "coverage_reason": "",
        **({} if action == "skip" else {"virtual_network_id": number}),
        **more,
    }


def session_id(number):
    return f"tms-{number:017x}"


def new_match(number, **more):
    return row(number, "create", **{"reason": "new match", "cause": "new_match", **more})


def drift(number, **more):
    changes = {"packet_length": [0, 128], "traffic_mirror_filter_id": ["tmf-1", "tmf-0a1b2c3d4e5f60718"]}
    given = {"reason": "differs in packet_length", "cause": "drift", "changes": changes, **more}
    return row(number, "update", traffic_mirror_session_id=session_id(number), **given)


def removal(number, **more):
    reason = "no longer matches sources[0]: tag Mirror is not yes"
    given = {"reason": reason, "cause": "removal", "traffic_mirror_session_id": session_id(number), **more}
    return row(number, "delete", None, **given)


def unmirrored(number, reason="all targets are at capacity", **more):
    return row(number, "skip", "unmirrored", reason="new match", coverage_reason=reason, **more)


def failed(number, **more):
    given = {
        "reason": "new match",
        "cause": "new_match",
        "status": "failed",
        "error_code": "TrafficMirrorSessionLimitExceeded",
        "error": "CreateTrafficMirrorSession failed for session ... in eu-west-1: "
        "TrafficMirrorSessionLimitExceeded: The interface has 3 sessions. Delete one of them.",
        **more,
    }
    return row(
        number, "create", "unmirrored", coverage_reason="create failed: TrafficMirrorSessionLimitExceeded", **given
    )


def fleet(rows=(), **more):
    """A part of a document whose numbers are those of the rows. more: keys of the part."""
    rows = list(rows)
    known = {
        "account_id": ACCOUNT,
        "region": REGION,
        "fleet": "ids-prod",
        "carried_out": True,
        "plan": rows,
        "summary": _count(SUMMARY_KEYS, (one.get("status", _KEYS[one["action"]]) for one in rows)),
        "causes": _count(CAUSES, (one.get("cause") for one in rows if "status" not in one)),
        "coverage": coverage(rows),
        "vni_map": [vni_row(one) for one in rows if "virtual_network_id" in one and one["action"] != "delete"],
    }
    return create_fleet(**{**known, **more})


def coverage(rows, **more):
    """The coverage of rows."""
    classes = [(one["coverage"], one["coverage_reason"]) for one in rows if one["coverage"]]
    zones = sorted({one["availability_zone"] for one in rows if one["coverage"]})
    return {
        **_sum_classes(Counter(name for name, _reason in classes)),
        "reasons": [
            {"class": name, "reason": reason, "count": count}
            for (name, reason), count in sorted(Counter(classes).items())
            if reason
        ],
        "zones": [
            {
                "availability_zone": zone,
                **_sum_classes(Counter(one["coverage"] for one in rows if one["availability_zone"] == zone)),
            }
            for zone in zones
        ],
        "unmirrored_interfaces": [one["network_interface_id"] for one in rows if one["coverage"] == "unmirrored"],
        "stopped_sessions": 0,
        "dead_sessions": [],
        "unverified": [],
        **more,
    }


def _count(keys, found):
    counts = Counter(found)
    return {key: counts[key] for key in keys}


def _sum_classes(counts):
    eligible = counts["mirrored"] + counts["unmirrored"]
    selected = eligible + counts["excluded"] + counts["ineligible"] + counts["stopped"]
    return {key: {"eligible": eligible, "selected": selected}.get(key, counts[key]) for key in COVERAGE_KEYS}


def vni_row(one):
    keys = ("virtual_network_id", "network_interface_id", "instance_id", "instance_name", "availability_zone")
    return {**{key: one[key] for key in keys}, "traffic_mirror_target_id": TARGET}


def document(*fleets, check_mode=False, limit=None):
    return build_document(fleets, CREATED_AT, check_mode, limit)


def mixed_rows(count, start=1):
    """Rows of every kind. count: of the unchanged sessions."""
    number = start + count
    return [
        *(row(start + index) for index in range(count)),
        *(new_match(number + index) for index in range(4)),
        *(drift(number + 10 + index) for index in range(2)),
        removal(number + 20),
        removal(number + 21, status="held_back"),
        unmirrored(number + 30),
        failed(number + 31),
        row(number + 40, "skip", "ineligible", coverage_reason="instance type t2.micro is not in the built-in list"),
        row(number + 41, "skip", "stopped", coverage_reason="instance is stopped"),
        row(number + 42, "skip", "excluded", coverage_reason="excluded by exclude[0]: tag Name 'sensor*'"),
    ]


def mixed_document(**more):
    """A document with a fleet in each of two accounts, and a third host that failed."""
    dead = {
        "traffic_mirror_session_id": session_id(3),
        "network_interface_id": f"eni-{3:017x}",
        "reason": "filter tmf-0a1b2c3d4e5f60718 accepts no packets",
    }
    unverified = {"resource": TARGET, "reason": "owned by account 210987654321", "sessions": 12}
    rows = mixed_rows(20)
    first = fleet(
        rows,
        label="web-eu-west-1",
        error="eu-west-1: 1 of 33 interfaces of fleet ids-prod failed (1 x TrafficMirrorSessionLimitExceeded). "
        "All other changes were made. Correct the cause and rerun the task.",
        coverage=coverage(rows, dead_sessions=[dead], unverified=[unverified], stopped_sessions=2),
        warnings=["Sessions outside this fleet that lose packets to it (1): tms-0a1b2c3d4e5f60718."],
        notes=["exclude[1] matches no interface"],
    )
    second = fleet(
        [row(number, network_interface_id=f"eni-1{number:016x}") for number in range(18, 30)],
        label="data-eu-west-1",
        account_id="210987654321",
    )
    third = create_fleet(
        label="lab-us-east-1", region="us-east-1", error="AssumeRole failed: AccessDenied: not authorized"
    )
    return document(first, second, third, **more)
