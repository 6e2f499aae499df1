# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The paths of sessions: verdict, result, metrics, and runs against the emulator."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._path.evidence import judge_metrics as judge_evidence
from ansible_collections.vtap.aws.plugins.module_utils._path.findings import STAGES, Finding, Status
from ansible_collections.vtap.aws.plugins.module_utils._path.packets import parse_packet
from ansible_collections.vtap.aws.plugins.module_utils._path.paths import SessionPath

from tests.unit.batch.runs import connect
from tests.unit.path.lab_runs import (
    APP,
    APP2,
    SENSOR,
    WEB,
    by_stage,
    create_all_types,
    create_session,
    create_target,
    trace,
)
from tests.unit.path.surroundings import SOURCE_ENI, SOURCE_INSTANCE, failed, only, session, surroundings

OK, UNKNOWN, PROBLEM = (Finding("source", one, one.value) for one in Status)


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], "ok"),
        ([OK], "ok"),
        ([OK, UNKNOWN, OK], "unknown"),
        ([UNKNOWN, PROBLEM, OK], "problem"),
        ([PROBLEM, UNKNOWN], "problem"),
    ],
)
def test_verdict_is_the_worst_status(findings, verdict):
    path = SessionPath(session(), findings)
    assert path.verdict.value == path.describe()["verdict"] == verdict


def test_result_of_a_session():
    row = session(2, tags={"Name": "web", "Team": "x"}, virtual_network_id=5)
    assert SessionPath(row, [PROBLEM]).describe() == {
        "traffic_mirror_session_id": "tms-2",
        "network_interface_id": SOURCE_ENI,
        "session_number": 2,
        "traffic_mirror_filter_id": "tmf-2",
        "traffic_mirror_target_id": "tmt-1",
        "name": "web",
        "verdict": "problem",
        "findings": [PROBLEM.describe()],
    }


def test_result_of_what_has_no_session():
    path = SessionPath({"network_interface_id": "eni-1"}, [PROBLEM])
    assert set(path.describe()) == {"network_interface_id", "verdict", "findings"}


def test_result_of_a_session_without_a_name():
    assert "name" not in SessionPath(session(tags={"Team": "x"})).describe()


# Metrics.


def judge_metrics(**found):
    findings = list(judge_evidence(session(), surroundings(**found)))
    assert {finding.stage for finding in findings} == {"evidence"}
    return findings


def test_mirrored_bytes():
    (finding,) = judge_metrics(mirrored={SOURCE_INSTANCE: 4711})
    assert finding.status is Status.OK and "4711 bytes" in finding.message and finding.ids == (SOURCE_INSTANCE,)


@pytest.mark.parametrize("mirrored", [{}, {SOURCE_INSTANCE: 0}, {"i-other": 5}])
def test_no_mirrored_bytes(mirrored):
    (finding,) = judge_metrics(mirrored=mirrored)
    assert finding.status is Status.UNKNOWN and "no bytes" in finding.message and finding.fix


@pytest.mark.parametrize("mirrored", [0, 5])
def test_skipped_bytes(mirrored):
    findings = judge_metrics(mirrored={SOURCE_INSTANCE: mirrored}, skipped={SOURCE_INSTANCE: 99})
    assert "skipped 99 bytes" in only(findings, Status.PROBLEM).message and len(findings) == 2


def test_metrics_cannot_be_read():
    (finding,) = judge_metrics(failures=failed("cloudwatch:GetMetricData"))
    assert finding.status is Status.UNKNOWN and finding.fix == "Allow cloudwatch:GetMetricData."


def test_metrics_failed_for_another_reason():
    (finding,) = judge_metrics(failures=failed("cloudwatch:GetMetricData", code="Throttling"))
    assert finding.status is Status.UNKNOWN
    assert "not allowed" not in finding.message and "Allow" not in finding.fix, finding


@pytest.mark.parametrize("without", [[SOURCE_ENI], []])
def test_a_source_without_an_instance_has_no_metrics(without):
    found = surroundings(without=without, mirrored={})
    for row in found.interfaces.values():
        row.pop("Attachment")
    (finding,) = judge_evidence(session(), found)
    assert finding.status is Status.UNKNOWN and finding.message == "the metrics of the source cannot be read"


# Runs.


def test_a_session_per_target_type(running, lab):
    _emulator, client, names = lab
    create_all_types(client, names)
    paths = trace(connect(running))
    app3 = names["interfaces"]["app-3"]
    assert list(paths) and set(paths) == {WEB, APP, APP2, app3}
    assert paths[WEB].verdict is Status.OK, by_stage(paths[WEB])
    assert {finding.stage for finding in paths[WEB].findings} == {"source", "filter", "network", "target"}
    for interface_id in (APP, APP2):
        assert paths[interface_id].verdict is Status.OK, by_stage(paths[interface_id])
    # The service of the endpoint belongs to another account.
    assert list(by_stage(paths[app3])) == ["target"] and only(paths[app3].findings, Status.UNKNOWN)


def test_findings_are_in_the_order_in_which_a_packet_meets_the_conditions(running, lab):
    _emulator, client, names = lab
    create_all_types(client, names)
    for path in trace(connect(running), metrics=True).values():
        stages = [STAGES.index(finding.stage) for finding in path.findings]
        assert stages == sorted(stages) and set(stages) == set(range(len(STAGES)))


def test_only_selected_sessions_are_judged_and_all_count(running, lab):
    """Sessions that are not selected take packets, and count as sources."""
    _emulator, client, names = lab
    target = create_target(client, NetworkInterfaceId=SENSOR)
    first = create_session(client, names, WEB, target)
    create_session(client, names, WEB, target, number=2)
    create_session(client, names, APP, target)
    sessions = trace(connect(running), select=lambda one: one["session_number"] == 2)
    assert list(sessions) == [WEB]
    assert first in only(sessions[WEB].findings, Status.PROBLEM).ids
    assert any(f"sources of {SENSOR}: 2;" in finding.message for finding in sessions[WEB].findings)


def test_no_session_is_selected(running, lab):
    emulator, client, names = lab
    create_session(client, names, WEB)
    ec2 = connect(running)
    emulator.clear_log()
    assert trace(ec2, select=lambda _one: False) == {}
    assert [entry["action"] for entry in emulator.log()] == ["DescribeTrafficMirrorSessions"]


def test_packet(running, lab):
    _emulator, client, names = lab
    create_session(client, names, WEB, create_target(client, NetworkInterfaceId=SENSOR))
    given = {"direction": "ingress", "source": "198.51.100.7", "source_port": 5000, "destination_port": 443}
    packet = parse_packet({**given, "destination": "10.71.0.4"})
    (path,) = trace(connect(running), packet=packet).values()
    assert path.verdict is Status.OK
    assert any("rule ingress 100" in finding.message for finding in path.findings)


def test_metrics(running, lab):
    emulator, client, names = lab
    target = create_target(client, NetworkInterfaceId=SENSOR)
    for interface_id in (WEB, APP):
        create_session(client, names, interface_id, target)
    values = {"NetworkMirrorIn": 100, "NetworkMirrorOut": 23, "NetworkSkipMirrorOut": 7, "NetworkIn": 9999}
    emulator.add_metrics(names["instances"]["web"], values)
    emulator.add_metrics(names["instances"]["app"], {"NetworkMirrorIn": 50}, minutes_ago=600)
    paths = trace(connect(running), metrics=True)
    evidence = {key: [one.message for one in by_stage(path).get("evidence", [])] for key, path in paths.items()}
    assert any("mirrored 123 bytes" in finding.message for finding in paths[WEB].findings)
    assert len(evidence[WEB]) == 1 and "skipped 7 bytes" in evidence[WEB][0]
    assert len(evidence[APP]) == 1 and "no bytes" in evidence[APP][0]


def test_target_of_another_account(running, lab):
    emulator, client, names = lab
    emulator.seed(account="222222222222")
    other = emulator.client(account="222222222222")
    target = create_target(other, NetworkInterfaceId=SENSOR)
    emulator.share(target, names["account"])
    create_session(client, names, WEB, target)
    (path,) = trace(connect(running)).values()
    assert list(by_stage(path)) == ["target"]
    assert "222222222222" in only(path.findings, Status.UNKNOWN).message
    assert not [finding for finding in path.findings if finding.stage == "network"]


def test_target_that_is_no_longer_shared(running, lab):
    emulator, client, names = lab
    emulator.seed(account="222222222222")
    target = create_target(emulator.client(account="222222222222"), NetworkInterfaceId=SENSOR)
    emulator.share(target, names["account"])
    create_session(client, names, WEB, target)
    emulator.share(target)
    (path,) = trace(connect(running)).values()
    assert f"{target} cannot be read" in only(path.findings, Status.UNKNOWN).message


@pytest.mark.parametrize(
    "action",
    [
        "DescribeTrafficMirrorSessions",
        "DescribeTrafficMirrorFilters",
        "DescribeTrafficMirrorTargets",
        "DescribeNetworkInterfaces",
        "DescribeInstances",
        "DescribeSecurityGroups",
        "DescribeNetworkAcls",
        "DescribeRouteTables",
        "DescribeVpcEndpoints",
    ],
)
def test_other_errors_of_ec2_are_raised(running, lab, action):
    emulator, client, names = lab
    create_all_types(client, names)
    ec2 = connect(running)
    emulator.settings(fail={action: ["InvalidParameterValue", 50]})
    with pytest.raises(Ec2Error) as error:
        trace(ec2)
    assert (error.value.operation, error.value.code) == (action, "InvalidParameterValue")


@pytest.mark.parametrize(
    ("action", "stage"),
    [
        ("DescribeLoadBalancers", "target"),
        ("DescribeListeners", "target"),
        ("DescribeTargetHealth", "target"),
        ("GetMetricData", "evidence"),
    ],
)
def test_other_errors_of_other_services_make_the_stage_unknown(running, lab, action, stage):
    emulator, client, names = lab
    create_session(client, names, APP)
    ec2 = connect(running)
    emulator.settings(fail={action: ["ValidationError", 50]})
    (path,) = trace(ec2, metrics=True).values()
    found = by_stage(path)[stage]
    assert {one.status for one in found} == {Status.UNKNOWN}
    assert any(action in one.message and "ValidationError" in one.message for one in found)
