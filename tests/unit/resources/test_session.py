# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for sessions, from plain values."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model import api_objects
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import (
    ConflictError,
    NotFoundError,
    ValidationError,
)
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Plan
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import ENI, GWLBE, NLB, SESSION
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import REPLACES
from ansible_collections.vtap.aws.plugins.module_utils._resources import session

WEB, DB = "eni-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60751"
FILTER, TARGET, TARGET_2 = "tmf-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60719"
NEW = {"network_interface_id": WEB, "traffic_mirror_filter_id": FILTER, "traffic_mirror_target_id": TARGET}


class Reader:
    """What Describe would show."""

    def __init__(self, *sessions, types=None, named=None, foreign=False):
        self.sessions, self.types, self.named, self.foreign = list(sessions), types or {}, named or [], foreign
        self.calls = []

    def describe(self, kind, ids=(), filters=None, part_tags=False):
        self.calls.append(kind.key)
        if kind is SESSION:
            on = (filters or {}).get("network-interface-id")
            rows = [r for r in self.sessions if on is None or r["network_interface_id"] in on]
            return [r for r in rows if not ids or r[SESSION.id_option] in ids]
        if ids:
            return [{kind.id_option: one, "type": self.types.get(one, NLB)} for one in ids if "0" * 17 not in one]
        return [row for row in self.named if kind.id_option in row]

    def is_foreign(self, owner):
        self.calls.append("owner")
        return self.foreign


def a_session(number=1, digit="1", interface=WEB, **members):
    name = members.pop("name", None)
    reply = {
        "TrafficMirrorSessionId": f"tms-{digit * 17}",
        "NetworkInterfaceId": interface,
        "SessionNumber": number,
        "TrafficMirrorFilterId": FILTER,
        "TrafficMirrorTargetId": TARGET,
        "VirtualNetworkId": 77,
        "OwnerId": "123456789012",
        "Tags": [{"Key": "Name", "Value": name}] if name else [],
        **members,
    }
    return api_objects.from_api(SESSION, reply, "arn:aws:ec2:eu-west-1")


def plan(reader, predict=False, **options):
    params = {"state": "present", "purge_tags": True, "allow_replacement": False, **options}
    wanted = DesiredState.from_options(SESSION, params)
    session.check(wanted)
    return session.make_plan(params)(wanted, reader, predict)


def calls(made):
    return [action.operation for action in made.actions]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Say which session"),
        ({"network_interface_id": WEB}, "Say which session"),
        ({"session_number": 1}, "Say which session"),
        ({"network_interface_id": WEB, "session_number": 0}, "session_number must be 1 to 32766, not 0"),
        ({"network_interface_id": WEB, "session_number": 32767}, "session_number must be 1 to 32766, not 32767"),
        ({"name": "a", "virtual_network_id": -1}, "virtual_network_id must be 0 to 16777215, not -1"),
        ({"name": "a", "virtual_network_id": 16777216}, "virtual_network_id must be 0 to 16777215, not 16777216"),
        ({"name": "a", "packet_length": -1}, r"packet_length must be 0 \(reset\) or 1 to 65535, not -1"),
        ({"name": "a", "packet_length": 65536}, r"packet_length must be 0 \(reset\) or 1 to 65535, not 65536"),
        ({"name": "a", "network_interface_id": "eni-1"}, "network_interface_id must be eni- followed by 8 or 17"),
        ({"name": "a", "network_interface_id": WEB + "0"}, "network_interface_id must be eni-"),
        ({"name": "a", "network_interface_id": WEB.upper()}, "network_interface_id must be eni-"),
        ({"name": "a", "traffic_mirror_filter_id": TARGET}, "traffic_mirror_filter_id must be tmf-"),
        ({"name": "a", "traffic_mirror_target_id": "tmt-"}, "traffic_mirror_target_id must be tmt-"),
        ({"traffic_mirror_session_id": "tms-xyz"}, "traffic_mirror_session_id must be tms-"),
    ],
)
def test_bad_input_is_refused_before_any_call(options, message):
    reader = Reader()
    with pytest.raises(ValidationError, match=message):
        plan(reader, **options)
    assert reader.calls == []


def test_long_packets_and_the_target():
    with pytest.raises(ValidationError, match="1 to 8500 with a Network Load Balancer as the target, not 9000"):
        plan(Reader(), **NEW, session_number=1, packet_length=9000)
    assert calls(plan(Reader(types={TARGET: ENI}), **NEW, session_number=1, packet_length=9000))
    kept = a_session(PacketLength=9000, TrafficMirrorTargetId=TARGET_2)
    with pytest.raises(ValidationError, match="The session has it now"):
        plan(Reader(kept, types={TARGET_2: ENI}), traffic_mirror_session_id=kept[SESSION.id_option], **NEW)


@pytest.mark.parametrize("missing", ["traffic_mirror_filter_id", "traffic_mirror_target_id"])
def test_what_a_create_lacks(missing):
    options = {key: value for key, value in NEW.items() if key != missing}
    with pytest.raises(ValidationError, match=f"lacks: {missing}"):
        plan(Reader(), **options, session_number=1)


@pytest.mark.parametrize(("taken", "number"), [([], 1), ([1], 2), ([2], 1), ([1, 3], 2), ([5, 1], 2), ([32766], 1)])
def test_lowest_free_number(taken, number):
    reader = Reader(*(a_session(n, str(at), name=f"n{n}") for at, n in enumerate(taken)))
    made = plan(reader, **NEW, name="web")
    assert made.actions[0].params["SessionNumber"] == number
    assert reader.calls == ["traffic_mirror_session"]


def test_a_create_is_one_call_with_its_tags():
    made = plan(Reader(), **NEW, session_number=1, name="web", tags={"a": 1}, default_tags={"b": "2"})
    (action,) = made.actions
    assert action.params == {
        "NetworkInterfaceId": WEB,
        "SessionNumber": 1,
        "TrafficMirrorFilterId": FILTER,
        "TrafficMirrorTargetId": TARGET,
        "TagSpecifications": [
            {
                "ResourceType": "traffic-mirror-session",
                "Tags": [{"Key": "Name", "Value": "web"}, {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
            }
        ],
    }


def test_all_changes_go_into_one_modify():
    current = a_session(PacketLength=100, Description="old")
    made = plan(
        Reader(current),
        traffic_mirror_session_id=current[SESSION.id_option],
        network_interface_id=WEB,
        session_number=2,
        traffic_mirror_target_id=TARGET_2,
        packet_length=0,
        virtual_network_id=9,
        description="",
    )
    (action,) = made.actions
    assert action.params == {
        "TrafficMirrorSessionId": current[SESSION.id_option],
        "SessionNumber": 2,
        "TrafficMirrorTargetId": TARGET_2,
        "VirtualNetworkId": 9,
        "RemoveFields": ["packet-length", "description"],
    }


def test_an_omitted_option_is_left_alone():
    current = a_session(PacketLength=100, Description="old", Tags=[{"Key": "a", "Value": "1"}])
    assert calls(plan(Reader(current), **NEW, session_number=1)) == []


@pytest.mark.parametrize(
    ("reported", "kind", "operations", "looks"),
    [
        (None, NLB, [], 1),
        (None, ENI, [], 1),
        (8500, NLB, [], 2),
        (8500, GWLBE, [], 2),
        (8500, ENI, ["ModifyTrafficMirrorSession"], 2),
        (100, NLB, ["ModifyTrafficMirrorSession"], 1),
    ],
)
def test_packet_length_reset_is_idempotent(reported, kind, operations, looks):
    current = a_session(**({"PacketLength": reported} if reported else {}))
    reader = Reader(current, types={TARGET: kind})
    assert calls(plan(reader, **NEW, session_number=1, packet_length=0)) == operations
    assert len([call for call in reader.calls if call != "owner"]) == looks


@pytest.mark.parametrize(
    ("options", "kind", "foreseen"),
    [
        ({}, NLB, 8500),
        ({}, ENI, 0),
        ({}, GWLBE, None),
        ({"packet_length": 0}, NLB, 8500),
        ({"packet_length": 99}, NLB, 99),
    ],
)
def test_foreseen_packet_length(options, kind, foreseen):
    made = plan(Reader(types={TARGET: kind}), predict=True, **NEW, session_number=1, **options)
    assert made.after.get("packet_length") == foreseen
    assert not {"traffic_mirror_session_id", "arn", "virtual_network_id"} & set(made.after)


def test_a_default_need_not_outlive_a_move():
    current = a_session(PacketLength=8500, TrafficMirrorTargetId=TARGET_2)
    made = plan(Reader(current, types={TARGET: ENI}), predict=True, **NEW, session_number=1)
    assert "packet_length" not in made.after


def test_a_length_that_may_be_a_default_is_set_with_a_new_target():
    current = a_session(PacketLength=8500, TrafficMirrorTargetId=TARGET_2)
    made = plan(Reader(current, types={TARGET: ENI}), **NEW, session_number=1, packet_length=8500)
    assert made.actions[0].params["PacketLength"] == 8500


def test_found_by_name_and_renumbered():
    current = a_session(1, name="web")
    made = plan(Reader(current), **NEW, name="web", session_number=2)
    assert calls(made) == ["ModifyTrafficMirrorSession"]
    assert made.after["session_number"] == 2


def test_found_by_number_and_renamed():
    made = plan(Reader(a_session(1)), **NEW, name="web", session_number=1)
    assert calls(made) == ["CreateTags"]


def test_number_of_another_session():
    one, two = a_session(1, "1", name="one"), a_session(2, "2", name="two")
    for reader, options in (
        (Reader(one, two), {"network_interface_id": WEB, "name": "one"}),
        (Reader(one, two), {"network_interface_id": WEB, "traffic_mirror_session_id": one[SESSION.id_option]}),
        (Reader(one, two), {"traffic_mirror_session_id": one[SESSION.id_option]}),
        (Reader(one, two), {"name": "one"}),
    ):
        with pytest.raises(ConflictError) as refusal:
            plan(reader, **options, session_number=2)
        assert one[SESSION.id_option] in str(refusal.value) and two[SESSION.id_option] in str(refusal.value)


def test_two_of_one_name():
    one, two = a_session(1, "1", name="web"), a_session(2, "2", name="web")
    with pytest.raises(ConflictError, match=f"fits 2 sessions.*{one[SESSION.id_option]}.*{two[SESSION.id_option]}"):
        plan(Reader(one, two), network_interface_id=WEB, name="web")
    assert calls(plan(Reader(one, two), network_interface_id=WEB, name="web", session_number=2)) == []


def test_an_id_that_does_not_exist():
    with pytest.raises(NotFoundError, match="There is no session tms-"):
        plan(Reader(), **NEW, session_number=1, traffic_mirror_session_id="tms-" + "9" * 17)


def test_one_name_for_many_interfaces_moves_nothing():
    on_db = a_session(1, "1", DB, name="tap")
    made = plan(Reader(on_db), **NEW, name="tap")
    assert calls(made) == ["CreateTrafficMirrorSession"]


def test_another_interface_is_refused():
    on_db = a_session(1, "1", DB, name="tap")
    for allow, name in ((False, "tap"), (True, None)):
        with pytest.raises(ConflictError, match="cannot change the interface of a session"):
            plan(
                Reader(on_db),
                traffic_mirror_session_id=on_db[SESSION.id_option],
                network_interface_id=WEB,
                name=name,
                allow_replacement=allow,
            )


def test_replacement_takes_everything_along():
    old = a_session(
        3,
        "1",
        DB,
        PacketLength=100,
        Description="d",
        Tags=[{"Key": key, "Value": "v"} for key in ("Name", "keep", "aws:x")],
    )
    reader = Reader(old)
    made = plan(reader, network_interface_id=WEB, name="v", allow_replacement=True)
    assert calls(made) == ["CreateTrafficMirrorSession", "DeleteTrafficMirrorSession", "DeleteTags"]
    assert made.replaces and REPLACES not in made.after["tags"]
    create, delete, unmark = (action.params for action in made.actions)
    assert unmark["Tags"] == [{"Key": REPLACES}]
    assert delete == {"TrafficMirrorSessionId": old[SESSION.id_option]}
    assert {tag["Key"] for tag in create.pop("TagSpecifications")[0]["Tags"]} == {"Name", "keep", REPLACES}
    assert create == {
        "NetworkInterfaceId": WEB,
        "SessionNumber": 3,
        "TrafficMirrorFilterId": FILTER,
        "TrafficMirrorTargetId": TARGET,
        "PacketLength": 100,
        "VirtualNetworkId": 77,
        "Description": "d",
    }


def test_an_interrupted_replacement_is_finished():
    """Both have the name, but the next run finds the new one by its interface; the mark tells of the old one."""
    old = a_session(3, "1", DB, name="tap")
    marked = [{"Key": "Name", "Value": "tap"}, {"Key": REPLACES, "Value": old[SESSION.id_option]}]
    new = a_session(3, "2", WEB, Tags=marked)
    options = {"network_interface_id": WEB, "session_number": 3, "name": "tap", "allow_replacement": True}
    made = plan(Reader(old, new), **options)
    assert calls(made) == ["DeleteTrafficMirrorSession", "DeleteTags"]
    assert made.actions[0].params == {"TrafficMirrorSessionId": old[SESSION.id_option]}
    assert made.after["tags"] == {"Name": "tap"}
    assert calls(plan(Reader(new), **options)) == ["DeleteTags"]
    other = a_session(3, "1", DB, name="somebody else's by now")
    with pytest.raises(
        ConflictError, match="which has another name. To have that removed, give traffic_mirror_session_id"
    ):
        plan(Reader(other, new), **options)
    assert calls(plan(Reader(old, new), **{**options, "allow_replacement": False})) == []


@pytest.mark.parametrize("name", ["tap", "before"])
def test_an_interrupted_replacement_by_id_is_finished(name):
    """The mark tells that the session on the wanted interface takes the place of the one that the task names."""
    old = a_session(3, "1", DB, name=name)
    marked = [{"Key": "Name", "Value": "tap"}, {"Key": REPLACES, "Value": old[SESSION.id_option]}]
    new = a_session(3, "2", WEB, Tags=marked)
    options = {"traffic_mirror_session_id": old[SESSION.id_option], "network_interface_id": WEB, "name": "tap"}
    made = plan(Reader(old, new), **options, allow_replacement=True)
    assert calls(made) == ["DeleteTrafficMirrorSession", "DeleteTags"]
    assert made.actions[0].params == {"TrafficMirrorSessionId": old[SESSION.id_option]}
    assert calls(plan(Reader(new), **options, allow_replacement=True)) == ["DeleteTags"]
    with pytest.raises(ConflictError, match="point at different"):
        plan(Reader(old, new), **options)


def test_what_is_absent_stays_so_though_another_has_the_name():
    one, other = a_session(1, "1", WEB, name="tap"), a_session(2, "2", WEB, name="tap")
    options = {"state": "absent", "network_interface_id": WEB, "session_number": 1, "name": "tap"}
    made = plan(Reader(one, other), **options)
    assert calls(made) == ["DeleteTrafficMirrorSession"] and made.before[SESSION.id_option] == one[SESSION.id_option]
    assert plan(Reader(other), **options) == Plan()


def test_replacement_where_the_number_is_taken():
    old, other = a_session(1, "1", DB, name="tap"), a_session(1, "2", WEB, name="other")
    made = plan(Reader(old, other), network_interface_id=WEB, name="tap", allow_replacement=True)
    assert made.actions[0].params["SessionNumber"] == 2
    with pytest.raises(ConflictError) as refusal:
        plan(Reader(old, other), network_interface_id=WEB, name="tap", session_number=1, allow_replacement=True)
    assert old[SESSION.id_option] in str(refusal.value) and other[SESSION.id_option] in str(refusal.value)


def test_replacement_by_an_ambiguous_name():
    rows = a_session(1, "1", DB, name="tap"), a_session(2, "2", DB, name="tap")
    with pytest.raises(ConflictError, match="fits 2 sessions"):
        plan(Reader(*rows), **NEW, name="tap", allow_replacement=True)


def test_after_a_replacement_the_old_id_finds_the_new_session():
    new = a_session(1, "2", WEB, name="tap")
    options = {"traffic_mirror_session_id": "tms-" + "1" * 17, "network_interface_id": WEB, "name": "tap"}
    assert calls(plan(Reader(new), **options, allow_replacement=True)) == []
    with pytest.raises(NotFoundError):
        plan(Reader(new), **options)
    assert calls(plan(Reader(new), **options, allow_replacement=True, state="absent")) == []


@pytest.mark.parametrize(
    "options",
    [
        {"traffic_mirror_session_id": "tms-" + "1" * 17},
        {"network_interface_id": WEB, "session_number": 1},
        {"network_interface_id": WEB, "name": "web"},
        {"name": "web"},
    ],
)
def test_absent_by_any_identity(options):
    current = a_session(name="web")
    assert calls(plan(Reader(current), state="absent", **options)) == ["DeleteTrafficMirrorSession"]
    assert calls(plan(Reader(), state="absent", **options)) == []


@pytest.mark.parametrize(
    "options",
    [
        {"traffic_mirror_session_id": "tms-" + "1" * 17, "network_interface_id": DB},
        {"traffic_mirror_session_id": "tms-" + "1" * 17, "session_number": 2},
        {"network_interface_id": WEB, "session_number": 1, "name": "other"},
    ],
)
def test_absent_removes_nothing_that_does_not_fit(options):
    with pytest.raises(ConflictError, match="nothing was removed"):
        plan(Reader(a_session(name="web")), state="absent", **options)


@pytest.mark.parametrize("options", [{"description": "new"}, {"tags": {}}, {"state": "absent"}])
def test_a_foreign_session_is_never_touched(options):
    reader = Reader(a_session(name="web"), foreign=True)
    with pytest.raises(ConflictError, match="owner 123456789012.*belongs to another account"):
        plan(reader, network_interface_id=WEB, session_number=1, **options)


def test_a_foreign_session_that_is_as_wanted_is_left_alone():
    reader = Reader(a_session(), foreign=True)
    assert calls(plan(reader, **NEW, session_number=1)) == []
    assert reader.calls == ["traffic_mirror_session"]


def test_three_sessions_already():
    rows = [a_session(n, str(n), name=f"n{n}") for n in (1, 2, 3)]
    with pytest.raises(ConflictError, match="TrafficMirrorSessionsPerInterfaceLimitExceeded.*has 3 sessions"):
        plan(Reader(*rows), **NEW, name="fourth")


def test_owner_and_arn_can_be_fed_back_but_not_changed():
    current = a_session()
    fed = {key: value for key, value in current.items() if key != "tags"}
    assert calls(plan(Reader(current), **fed)) == []
    for option, value in (("owner_id", "999999999999"), ("arn", "arn:aws:ec2:x")):
        with pytest.raises(ConflictError, match=f"{option} is .* it cannot be set"):
            plan(Reader(current), **{**fed, option: value})


def test_names_of_filter_and_target():
    tmf = {"traffic_mirror_filter_id": FILTER, "tags": {"Name": "dns"}}
    options = {
        "network_interface_id": WEB,
        "session_number": 1,
        "traffic_mirror_filter_name": "dns",
        "traffic_mirror_target_id": TARGET,
    }
    assert plan(Reader(named=[tmf]), **options).actions[0].params["TrafficMirrorFilterId"] == FILTER
    with pytest.raises(ConflictError, match="traffic_mirror_filter_name: 2 have the name dns"):
        plan(Reader(named=[tmf, {**tmf, "traffic_mirror_filter_id": "tmf-" + "1" * 17}]), **options)
    with pytest.raises(NotFoundError, match="traffic_mirror_filter_name: there is no filter named dns"):
        plan(Reader(), **options)
    assert calls(plan(Reader(), state="absent", **options)) == []


@pytest.mark.parametrize("current", [None, a_session()])
def test_a_filter_that_an_earlier_task_would_make(current):
    made = plan(
        Reader(*filter(None, [current])),
        predict=True,
        network_interface_id=WEB,
        session_number=1,
        traffic_mirror_filter_name="dns",
        traffic_mirror_target_id=TARGET,
    )
    (action,) = made.actions
    assert action.pending
    assert "traffic_mirror_filter_id" not in made.after and made.after["traffic_mirror_target_id"] == TARGET


def test_check_mode_misses_a_filter_as_ec2_would():
    with pytest.raises(NotFoundError, match="InvalidTrafficMirrorFilterId.NotFound"):
        plan(Reader(), predict=True, **{**NEW, "traffic_mirror_filter_id": "tmf-" + "0" * 17}, session_number=1)


def test_a_target_that_is_no_longer_shared_bars_only_a_new_use():
    gone = "tmt-" + "0" * 17
    current = a_session(TrafficMirrorTargetId=gone)
    kept = {"network_interface_id": WEB, "session_number": 1, "packet_length": 128}
    assert calls(plan(Reader(current), predict=True, **kept)) == ["ModifyTrafficMirrorSession"]
    with pytest.raises(NotFoundError, match=r"InvalidTrafficMirrorTargetId\.NotFound"):
        plan(Reader(a_session()), predict=True, **{**NEW, "traffic_mirror_target_id": gone}, session_number=1)


def test_new_tags_come_first_unless_there_is_no_room():
    full = [{"Key": str(n), "Value": ""} for n in range(50)]
    roomy = plan(Reader(a_session(Tags=full[:3])), network_interface_id=WEB, session_number=1, tags={"new": 1})
    assert calls(roomy) == ["CreateTags", "DeleteTags"]
    tight = plan(Reader(a_session(Tags=full)), network_interface_id=WEB, session_number=1, tags={"new": 1})
    assert calls(tight) == ["DeleteTags", "CreateTags"]
