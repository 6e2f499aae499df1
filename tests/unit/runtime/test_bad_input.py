# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any value for any option of any module: a result, or a failure that names the option, before any call.

Each case goes through Ansible's own validation of the module's argument spec and then through the whole module, with
botocore making the requests, in an account that has nothing and allows nothing but to look. About 14,000 cases.
"""

from __future__ import annotations

import copy
import functools
import gc
import importlib
import io
import json
import os
import re
import sys
import types

import botocore.awsrequest
import botocore.config
import botocore.session
import pytest
from ansible import release
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from botocore.exceptions import InvalidRetryModeError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

# What module.py would find, were amazon.aws here; each case puts something of its own in its place.
amazon = types.ModuleType("ansible_collections.amazon.aws.plugins.module_utils.modules")
amazon.AnsibleAWSModule = None
sys.modules.setdefault(amazon.__name__, amazon)

from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError  # noqa: E402
from ansible_collections.vtap.aws.plugins.module_utils._runtime import module  # noqa: E402

gc.enable()  # which module.py switches off, for one task

ENI, NLB = "eni-0a1b2c3d4e5f60718", "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/s/0a1b2c3d"
TMS, TMF, TMT = "tms-0a1b2c3d4e5f60718", "tmf-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60718"
ANY = {"source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0", "direction": "ingress", "action": "accept"}
RULE = {**ANY, "rule_number": 1, "protocol": "tcp", "source_port": "1-9", "destination_port": "443", "tags": {"a": "b"}}
# Options that are right, of each module; the first of each list has all that a new object needs.
RIGHT = {
    "session": [
        {
            "network_interface_id": ENI,
            "session_number": 1,
            "traffic_mirror_filter_id": TMF,
            "traffic_mirror_target_id": TMT,
        },
        {"network_interface_id": ENI, "name": "web", "packet_length": 100, "description": "x", "tags": {"a": "b"}},
        {"traffic_mirror_session_id": TMS, "state": "absent"},
    ],
    "filter": [
        {"name": "web", "rules": [RULE], "network_services": ["amazon-dns"], "tags": {"a": "b"}},
        {"traffic_mirror_filter_id": TMF, "state": "absent"},
    ],
    "target": [
        {"name": "sensor", "network_interface_id": ENI},
        {"network_load_balancer_arn": NLB},
        {"traffic_mirror_target_id": TMT, "state": "absent"},
    ],
    "fleet": [
        {
            "name": "ids",
            "sources": [{"tags": {"Role": "web"}, "instance_types": ["m5.*"], "vpc_ids": ["vpc-0a1b2c3d"]}],
            "exclude": [{"subnet_ids": ["subnet-0a1b2c3d"]}],
            "targets": [{"traffic_mirror_target_name": "sensors", "capacity": 5}],
            "traffic_mirror_filter_name": "dns",
        },
        {"name": "ids", "state": "absent"},
    ],
    "session_info": [{"filters": {"tag:Team": "netsec", "session-number": 1}}, {"ids": [TMS]}],
    "filter_info": [{"filters": {"description": ["x"]}}, {"names": ["web"]}],
    "target_info": [{"filters": {"type": "network*"}, "session_count": True}, {}],
}
MODULES = sorted(RIGHT)

# What a failure may be about that comes after a look.
AFTER_A_LOOK = re.compile(
    r"there is no |There is no |to create one the task lacks|are reserved for AWS|UnauthorizedOperation"
)
# EC2's replies: nothing is there.
SETS = ("trafficMirrorSessionSet", "trafficMirrorFilterSet", "trafficMirrorTargetSet", "trafficMirrorFilterRuleSet")
NOTHING = "".join(f"<{one}/>" for one in (*SETS, "reservationSet", "networkInterfaceSet"))
DENIED = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>"


class Ended(BaseException):
    """The module's end. by: "Ansible" for its validation, "success" or "failure"; message: of a failure."""

    def __init__(self, by, message=""):
        super().__init__(by, message)
        self.by, self.message = by, message


class Body(io.BytesIO):
    """What botocore reads a reply from."""

    def stream(self):
        yield self.read()


def reply(request, **_):
    looks = "Action=Describe" in str(request.body)
    text = f"<Response><requestId>1</requestId>{NOTHING}</Response>" if looks else DENIED
    return botocore.awsrequest.AWSResponse(request.url, 200 if looks else 403, {}, Body(text.encode()))


@pytest.fixture(scope="module")
def ec2():
    """A client of EC2 that makes requests, and replies to them itself."""
    session = botocore.session.Session()
    session.set_credentials("AKIATCH6YDSYQAAAAAAA", "secret")
    config = botocore.config.Config(parameter_validation=True, retries={"total_max_attempts": 1})
    client = session.create_client("ec2", region_name="eu-west-1", config=config)
    client.meta.events.register("before-send.ec2", reply)
    return client


class Client:
    """One module's client: the same behind it all, with a list of the calls that were begun."""

    def __init__(self, client):
        self.client, self.calls = client, []
        events = types.SimpleNamespace(register=lambda *_: None, register_first=lambda *_: None)
        self.meta = types.SimpleNamespace(partition="aws", region_name="eu-west-1", events=events)

    def __getattr__(self, name):
        def call(**params):
            self.calls.append(name)
            return getattr(self.client, name)(**params)

        return call


@functools.cache
def spec_of(name):
    """The argument spec that a module gives to AnsibleAWSModule."""
    found = []

    class Asked:
        def __init__(self, argument_spec, **_):
            found.append(argument_spec)
            raise Ended("success")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AnsibleAWSModule", Asked)
        with pytest.raises(Ended):
            main_of(name)()
    return found[0]


def main_of(name):
    path = "ansible_collections.vtap.aws.plugins.modules.ec2_traffic_mirror_"
    return importlib.import_module(f"{path}{name}").main


def paths_of(name):
    """Every option and alias, those of the entries of a list as (list, option)."""
    found = []
    for option, one in spec_of(name).items():
        found += [(spelling,) for spelling in (option, *one.get("aliases", ()))]
        found += [(option, inner) for inner in one.get("options", ())]
    return found


def run(name, options, ec2, check_mode=False):
    """One task. Returns how it ended and the calls it made."""
    client = Client(ec2)

    class StandIn:
        """AnsibleAWSModule, with this client."""

        def __init__(self, argument_spec, mutually_exclusive=(), supports_check_mode=False):
            # As it comes from the controller.
            params = json.loads(json.dumps(options))
            result = ArgumentSpecValidator(argument_spec, mutually_exclusive=mutually_exclusive).validate(params)
            if result.error_messages:
                raise Ended("Ansible", "; ".join(result.error_messages))
            self.params, self.check_mode = result.validated_parameters, check_mode

        def require_botocore_at_least(self, version, reason):
            pass

        def client(self, service, **_):
            assert service == "ec2"
            return client

        def warn(self, text):
            assert text.isprintable()

        def exit_json(self, **result):
            json.dumps(result)
            raise Ended("success")

        def fail_json(self, **result):
            json.dumps(result)
            raise Ended("failure", result["msg"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AnsibleAWSModule", StandIn)
        try:
            main_of(name)()
        except Ended as ended:
            return ended, client.calls
    raise AssertionError("the module came to no end")


def check(name, options, changed, ec2, check_mode=False):
    """Run the task, whose changed options (paths) have any values, and hold it to what every task promises."""
    ended, calls = run(name, options, ec2, check_mode)
    if ended.by == "success":
        return
    message = ended.message
    if ended.by == "failure":
        assert message.isprintable(), repr(message)
        assert len(message) < 2000, message
    if calls:
        assert AFTER_A_LOOK.search(message), message
    else:
        aliases = {alias: one for one, spec in spec_of(name).items() for alias in spec.get("aliases", ())}
        words = {word for path in changed for word in (*path, aliases.get(path[0], path[0]))}
        assert any(re.search(rf"\b{word}\b", message) for word in words), (words, message)


def put(options, path, value):
    """The options with another value; of lists in the entry that comes first, which is there or made."""
    options = copy.deepcopy(options)
    if len(path) == 1:
        options[path[0]] = value
        return options
    entries = options.get(path[0])
    if not isinstance(entries, list) or not entries or not isinstance(entries[0], dict):
        options[path[0]] = entries = [{}]
    entries[0][path[1]] = value
    return options


NUMBERS = st.one_of(
    st.sampled_from([0, -1, 1, 50, 51, 32766, 32767, 65535, 65536, 2**24, 2**31, 2**63, 10**300, True, False]),
    st.integers(-(10**300), 10**300),
    st.sampled_from([0.0, -0.0, 1.0, 1.5, 1e3, 1e-300, 5e-324, 1e300, float("nan"), float("inf")]),
    st.floats(),
)
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "\n",
            "\0",
            "\x1b[31mred",
            "\ud800",
            "\u202e",
            "a\nb",
            "x" * 256,
            "x" * 257,
            "\x07" * 129,
            "x" * 100_000,
            "1" * 5000,
            "1" * 5000 + "%",
            "1e4999",
            "{{ undefined }}",
            "None",
            "null",
            "nan",
            "1e3",
            "1_000",
            "-0",
            "0x10",
            "\u0663",
            "\uff11\uff10%",
            "1-",
            "1 - 3",
            "3-1",
            "0-5",
            "70000",
            "443-",
            "-1",
            "yes",
            "a=b",
            '{"a": null}',
            "10.0.0.1/8",
            "010.0.0.0/8",
            "10.0.0.0",
            "fe80::1%eth0/128",
            "1" * 5000 + "/8",
            "::/129",
            f"{ENI}\n",
            ENI.upper(),
            "eni-" + "\u0660" * 8,
            TMF,
            TMT,
            f"{NLB}\n",
            NLB.replace("1234", "\u0661\u0662\u0663\u0664"),
            "m5.[",
            "[z-a]",
            "*" * 30,
            "\\",
            "aws:x",
        ]
    ),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=20),
)
PLAIN = st.one_of(st.none(), NUMBERS, TEXTS)
KEYS = st.one_of(
    st.sampled_from(
        ["", "a", "Name", "aws:x", "vtap:fleet", "k" * 128, "k" * 129, "\ud800", "\x1b[0m", "tag:", "tag:x"]
    ),
    st.text(max_size=5),
    st.sampled_from(["tag-key", "description", "session_number", "owner-id"]),
)
VALUES = st.one_of(
    PLAIN,
    st.lists(PLAIN, max_size=3),
    PLAIN.map(lambda one: [one, one]),
    st.dictionaries(KEYS, st.one_of(PLAIN, st.lists(PLAIN, max_size=2)), max_size=3),
    st.integers(11, 60).map(lambda count: {f"key{at}": "x" for at in range(count)}),
    st.integers(11, 60).map(lambda count: {f"{at}\x07" + "k" * 120: "x" for at in range(count)}),
    st.lists(st.lists(PLAIN, max_size=2), max_size=2),
    st.lists(st.dictionaries(KEYS, PLAIN, max_size=2), max_size=2),
)
# In CI the same cases run each time; elsewhere each run looks at others.
often = settings(
    derandomize="CI" in os.environ,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("name", MODULES)
@settings(often, max_examples=80)
@given(value=VALUES, which=st.integers(0, 2), check_mode=st.booleans())
def test_any_value_for_each_option(ec2, name, value, which, check_mode):
    right = RIGHT[name][which % len(RIGHT[name])]
    for path in paths_of(name):
        check(name, put(right, path, value), [path], ec2, check_mode)


@pytest.mark.parametrize("name", MODULES)
@settings(often, max_examples=200)
@given(data=st.data())
def test_several_at_once(ec2, name, data):
    options = right = data.draw(st.sampled_from([{}, *RIGHT[name]]))
    values = data.draw(st.dictionaries(st.sampled_from(paths_of(name)), VALUES, min_size=2, max_size=6))
    for path, value in values.items():
        options = put(options, path, value)
    # What is left out is at fault as well where nothing is given.
    check(name, options, [*values, *([] if right else paths_of(name))], ec2, data.draw(st.booleans()))


# Before 2.19 ansible-core takes fewer values for numbers and texts.
EARLY = tuple(map(int, release.__version__.split(".")[:2])) < (2, 19)
# What cannot be right whatever EC2 holds: the module, the option (path) and its value, and what the message says.
REFUSED = [
    # What a message quotes is on one line and not endless.
    ("filter", ("rules", "protocol"), "x" * 100_000, r"ingress 1: protocol must be 1 to 255 or .*, not 'x+\.\.\.'"),
    ("filter", ("rules", "source_cidr"), "1" * 100_000 + "/8", r"source_cidr must be a network .*, not '1+\.\.\.'"),
    (
        "filter",
        ("rules", "destination_port"),
        "\a" * 5000,
        r"destination_port must be a port .*, not '(\\x07)+.*\.\.\.'",
    ),
    ("filter", ("rules", "rule_number"), "1e5000", "rule_number must be 1 to 32766, not a number of too many digits"),
    ("session", ("session_number",), "1" * 5000, "session_number must be 1 to 32766, not a number of too many digits"),
    ("session", ("traffic_mirror_filter_id",), "x" * 100_000, r"filter_id must be tmf- .*, not 'x+\.\.\.'"),
    ("session", ("tags",), {"\x1b[31m": None}, r"tags: the value of \\x1b\[31m must be a string"),
    ("session", ("tags",), {"k" * 5000: "x"}, r"tags: a key must have 1 to 128 characters, not 5000: k+\.\.\."),
    ("session_info", ("filters",), {f"\n{'x' * 500}{at}": 1 for at in range(500)}, r"unknown \\nx+.* and 492 more\."),
    ("session_info", ("filters",), {"tag:\a": None}, r"filters: tag:\\x07 must be a value or a list of values"),
    ("fleet", ("sources", "tags"), {"a\nb": True}, r"sources\[0\]: tags: a\\nb is true or false"),
    ("fleet", ("workers",), 10**4000, "workers must be 1 to 50, not a number of too many digits"),
    # What Python or YAML take for a number and is none, or is too large for a clock.
    *(("session", (one,), True, f"{one} must be .*, not True") for one in ("session_number", "virtual_network_id")),
    ("session", ("packet_length",), False, r"packet_length must be 0 \(reset\) or 1 to 65535, not False"),
    ("session", ("wait_timeout",), True, "wait_timeout must be 1 to 86400 seconds, not True"),
    ("session", ("wait_timeout",), 10**400, "wait_timeout must be 1 to 86400 seconds, not a number of too many digits"),
    ("filter", ("rules", "rule_number"), True, "rules: ingress True: rule_number must be 1 to 32766, not True"),
    ("fleet", ("workers",), True, "workers must be 1 to 50, not True"),
    ("fleet", ("api_rate",), "nan", "api_rate must be 0.01 to 100000, not nan"),
    ("fleet", ("api_rate",), "inf", "api_rate must be 0.01 to 100000, not inf"),
    ("fleet", ("api_rate",), 5e-324, "api_rate must be 0.01 to 100000, not 5e-324"),
    ("fleet", ("api_rate",), 10**400, "^api_rate: a number of too many digits is too large"),
    ("session", ("session_number",), float("inf"), "^session_number: inf is too large"),
    ("filter", ("rules", "rule_number"), float("inf"), "^rule_number: inf is too large"),
    ("fleet", ("api_burst",), 10**400, "api_burst must be 1 to 100000, not a number of too many digits"),
    ("fleet", ("targets", "capacity"), True, r"targets\[0\]: capacity must be 1 or more, not True"),
    # Digits of other scripts, and too many of them.
    (
        "fleet",
        ("session_numbers",),
        "\u0663",
        "session_numbers must be a number or LOWEST-HIGHEST within 1 to 32766, not '٣'",
    ),
    (
        "fleet",
        ("max_deletes",),
        "\uff11\uff10%",
        "max_deletes must be a number, 0 to 999999999, or a percentage, 0% to 100%, not",
    ),
    (
        "fleet",
        ("max_creates",),
        "1" * 5000,
        "max_creates must be a number, 0 to 999999999, or a percentage, 0% to 100%",
    ),
    ("fleet", ("max_updates",), "1" * 5000 + "%", "max_updates must be a number, 0 to 999999999, or a percentage"),
    # What EC2's replies cannot hold, and names that no object can have.
    ("session", ("description",), "\0", r"description must not have the character '\\x00', which EC2 cannot return"),
    ("session", ("description",), "a\ud800", r"description must not have the character '\\ud800'"),
    ("session", ("name",), "\x1b[0m", r"name must not have the character '\\x1b'"),
    ("session", ("name",), "x" * 257, "name must have 1 to 256 characters, not 257"),
    ("session", ("tags",), {"a\a": "x"}, r"tags: a key must not have the character '\\x07'"),
    (
        "session",
        ("default_tags",),
        {"a": "\ud800"},
        r"default_tags: the value of a must not have the character '\\ud800'",
    ),
    ("filter", ("rules", "description"), "\0", r"rules: ingress 1: description must not have the character '\\x00'"),
    (
        "filter",
        ("rules", "tags"),
        {"\ud800": "x"},
        r"rules: ingress 1: tags: a key must not have the character '\\ud800'",
    ),
    (
        "target_info",
        ("filters",),
        {"description": ["x", "\ud800"]},
        r"filters: description must not have the character",
    ),
    ("fleet", ("name",), "\ud800", r"name must not have the character '\\ud800'"),
    ("fleet", ("description",), "\a", r"description must not have the character '\\x07'"),
    ("fleet", ("traffic_mirror_filter_name",), "", "traffic_mirror_filter_name must have 1 to 256 characters, not 0"),
    (
        "fleet",
        ("targets", "traffic_mirror_target_name"),
        "x" * 257,
        r"targets\[0\]: traffic_mirror_target_name must have",
    ),
    (
        "fleet",
        ("sources", "availability_zones"),
        ["\ud800"],
        r"sources\[0\]: availability_zones must be names such as",
    ),
    # What contradicts itself.
    (
        "target",
        ("type",),
        "network-load-balancer",
        "type of a target with network_interface_id is network-interface, not",
    ),
    # What is left of an empty variable, and what fnmatch would take for more than a text.
    ("session", ("ignore_tag_key_prefixes",), "", "ignore_tag_key_prefixes must not have an empty entry"),
    (
        "fleet",
        ("sources", "availability_zones"),
        "",
        r"sources\[0\]: availability_zones must be names such as .*, not ''",
    ),
    ("fleet", ("exclude", "instance_types"), ["[z-a]"], r"exclude\[0\]: instance_types must be .*, not '\[z-a\]'"),
    ("fleet", ("supported_instance_types",), "", "supported_instance_types must be instance types .*, not ''"),
    (
        "fleet",
        ("targets", "availability_zones"),
        [None],
        r"targets\[0\]: availability_zones must be names such as .*, not",
    ),
]


@pytest.mark.parametrize("name", RIGHT)
def test_an_sdk_that_is_too_old_is_said_first(name):
    class Old:
        def __init__(self, **_):
            pass

        def require_botocore_at_least(self, version, reason):
            raise Ended("failure", f"botocore {version} is needed {reason}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AnsibleAWSModule", Old)
        with pytest.raises(Ended, match=rf"botocore {module.BOTOCORE} is needed to see and to tag the rules"):
            main_of(name)()


@pytest.mark.parametrize(("name", "path", "value", "says"), REFUSED)
def test_refused_before_any_call(ec2, name, path, value, says):
    for check_mode in (True, False):
        ended, calls = run(name, put(RIGHT[name][0], path, value), ec2, check_mode)
        assert calls == []
        if ended.by == "Ansible" and EARLY:  # it has words of its own
            assert path[-1] in ended.message
            continue
        assert ended.by == "failure"
        assert re.search(says, ended.message), ended.message
        assert ended.message.isprintable() and len(ended.message) < 2000, ended.message


@pytest.mark.parametrize(
    "error", [TypeError("unexpected keyword"), InvalidRetryModeError(provided_retry_mode="x", valid_modes=["y"])]
)
def test_a_configuration_that_botocore_does_not_take(error):
    def client(*_, **__):
        raise error

    given = types.SimpleNamespace(params={"aws_config": {"x": 1}}, client=client)
    with pytest.raises(ValidationError, match="aws_config: botocore does not take it: .*(unexpected|Invalid)"):
        module.connect(given)
    with pytest.raises(type(error)):
        module.connect(types.SimpleNamespace(params={}, client=client))


@pytest.mark.parametrize("option", ["traffic_mirror_filter_name", "traffic_mirror_target_name"])
@pytest.mark.parametrize(
    ("value", "says"), [("x" * 257, "must have 1 to 256 characters, not 257"), ("\0", "must not have")]
)
def test_names_of_filter_and_target(ec2, option, value, says):
    options = {"network_interface_id": ENI, "session_number": 1, option: value}
    ended, calls = run("session", options, ec2)
    assert f"{option} {says}" in ended.message and not calls


@pytest.mark.parametrize("name", MODULES)
def test_what_is_right_comes_to_calls(ec2, name):
    for options in RIGHT[name]:
        for check_mode in (True, False):
            ended, calls = run(name, options, ec2, check_mode)
            assert calls, ended.message
    assert run(name, RIGHT[name][0], ec2, True)[0].by == "success" or name == "session"
