# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages for invalid options, before any call."""

from __future__ import annotations

import re
import types

import pytest
from ansible import release
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from botocore.exceptions import InvalidRetryModeError

from tests.unit.runtime.bad_input import (
    ENI,
    MODULES,
    NEW_TMF,
    NEW_TMS,
    NEW_TMT,
    SENSOR,
    VALID_OPTIONS,
    ModuleEnd,
    load_main,
    module,
    option_paths,
    replace_option,
    run_module,
)

# Before 2.19, ansible-core rejects more values of number and string options itself.
ANSIBLE_BEFORE_2_19 = tuple(map(int, release.__version__.split(".")[:2])) < (2, 19)
# Invalid values: module, option path, value, and a regular expression for the message.
INVALID = [
    # Quoted values are on one line and shortened.
    ("filter", ("rules", "protocol"), "x" * 100_000, r"ingress 1: protocol must be 0 to 255 or .*, not 'x+\.\.\.'"),
    ("filter", ("rules", "source_cidr"), "1" * 100_000 + "/8", r"source_cidr must be a network .*, not '1+\.\.\.'"),
    (
        "filter",
        ("rules", "destination_port"),
        "\a" * 5000,
        r"destination_port must be a port .*, not '(\\x07)+.*\.\.\.'",
    ),
    (
        "filter",
        ("rules", "rule_number"),
        "1e5000",
        "rule_number must be 1 to 2147483647, not a number with too many digits",
    ),
    (
        "session",
        ("session_number",),
        "1" * 5000,
        "session_number must be 1 to 32766, not a number with too many digits",
    ),
    ("session", ("traffic_mirror_filter_id",), "x" * 100_000, r"filter_id must be tmf- .*, not 'x+\.\.\.'"),
    ("session", ("tags",), {"\x1b[31m": None}, r"tags: the value of \\x1b\[31m must be a string"),
    ("session", ("tags",), {"k" * 5000: "x"}, r"tags: a key must have 1 to 128 characters, not 5000: k+\.\.\."),
    (
        "session_info",
        ("filters",),
        {f"\n{'x' * 500}{at}": 1 for at in range(500)},
        r"unknown filter names \\nx+.* and 492 more\.",
    ),
    ("session_info", ("filters",), {"tag:\a": None}, r"filters: tag:\\x07 must be a value or a list of values"),
    ("fleet", ("sources", "tags"), {"a\nb": True}, r"sources\[0\]: tags: a\\nb is a boolean"),
    ("fleet", ("workers",), 10**4000, "workers must be 1 to 50, not a number with too many digits"),
    # Values that Python or YAML accept as numbers but that are invalid or too large.
    *(("session", (one,), True, f"{one} must be .*, not True") for one in ("session_number", "virtual_network_id")),
    ("session", ("packet_length",), False, r"packet_length must be 0 \(reset\) or 1 to 65535, not False"),
    ("session", ("wait_timeout",), True, "wait_timeout must be 1 to 86400 seconds, not True"),
    (
        "session",
        ("wait_timeout",),
        10**400,
        "wait_timeout must be 1 to 86400 seconds, not a number with too many digits",
    ),
    ("filter", ("rules", "rule_number"), True, "rules: ingress True: rule_number must be 1 to 2147483647, not True"),
    ("fleet", ("workers",), True, "workers must be 1 to 50, not True"),
    # Booleans where EC2 has a text.
    ("session", ("tags",), {"Mirror": True}, 'tags: Mirror is a boolean.* Quote the value: Mirror: "true" or'),
    ("target", ("default_tags",), {"a\nb": False}, r'default_tags: a\\nb is a boolean.* value: a\\nb: "false" or a'),
    ("filter", ("rules", "tags"), {"a": True}, "rules: ingress 1: tags: a is a boolean"),
    ("session_info", ("filters",), {"tag:Mirror": [True]}, 'filters: tag:Mirror is a boolean.* tag:Mirror: "true" or'),
    ("fleet", ("api_rate",), "nan", "api_rate must be 0.01 to 100000, not nan"),
    ("fleet", ("api_rate",), "inf", "api_rate must be 0.01 to 100000, not inf"),
    ("fleet", ("api_rate",), 5e-324, "api_rate must be 0.01 to 100000, not 5e-324"),
    ("fleet", ("api_rate",), 10**400, "^api_rate: a number with too many digits is too large"),
    ("session", ("session_number",), float("inf"), "^session_number: inf is too large"),
    ("filter", ("rules", "rule_number"), float("inf"), "^rules: rule_number: inf is too large"),
    ("fleet", ("api_burst",), 10**400, "api_burst must be 1 to 100000, not a number with too many digits"),
    ("fleet", ("targets", "capacity"), True, r"targets\[0\]: capacity must be 1 or more, not True"),
    # Digits of other scripts, and too many digits.
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
        "max_deletes must be a number from 0 to 999999999 or a percentage from 0% to 100%, or both",
    ),
    *(
        ("fleet", ("max_deletes",), text, "max_deletes must be a number")
        for text in ("", " ", "120%", "10 or 120%", "10% or 10", "10 or", "10or10%", "-1", "1.5%")
    ),
    *(
        ("fleet", ("min_coverage",), text, "min_coverage must be a number")
        for text in ("", "101%", "10 or 10%", "all", "-5", "99.9%")
    ),
    ("fleet", ("session_numbers",), "", "session_numbers must be a number or LOWEST-HIGHEST"),
    ("fleet", ("adopt_fleets",), [""], r"adopt_fleets\[0\] must have 1 to 256 characters"),
    ("fleet", ("adopt_fleets",), ["ids"], r"adopt_fleets\[0\] must be the name of another fleet"),
    ("fleet", ("additional_instance_types",), ["M8G"], "additional_instance_types must be"),
    *(
        ("fleet", ("sources", "tags"), {"Port": value}, r"sources\[0\]: tags: Port is a")
        for value in (80, 1.1, True, [80], ["80", False])
    ),
    (
        "fleet",
        ("max_creates",),
        "1" * 5000,
        "max_creates must be a number from 0 to 999999999 or a percentage from 0% to 100%",
    ),
    ("fleet", ("max_updates",), "1" * 5000 + "%", "max_updates must be a number from 0 to 999999999 or a percentage"),
    # Entries of a stack. The message names the list and the entry.
    ("stack", ("name",), "", "^name must have 1 to 256 characters, not 0"),
    ("stack", ("adopt_stacks",), [""], r"^adopt_stacks\[0\] must have 1 to 256 characters, not 0"),
    ("stack", ("max_deletes",), "all", "^max_deletes must be a number"),
    ("stack", ("filters", "name"), None, r"^filters\[0\]: name or traffic_mirror_filter_id is required"),
    ("stack", ("filters",), [{}], r"^filters\[0\]: name or traffic_mirror_filter_id is required"),
    ("stack", ("targets",), [{"name": "a"}] * 2, "^targets: several entries have name a; it must be unique"),
    (
        "stack",
        ("targets",),
        [{"name": one, "network_interface_id": SENSOR} for one in "ab"],
        f"^targets: several entries have network_interface_id {SENSOR}; it must be unique",
    ),
    (
        "stack",
        ("targets", "network_interface_id"),
        ENI,
        f"^targets: sensor: network_interface_id {ENI} is also the source of a session in sessions",
    ),
    (
        "stack",
        ("sessions",),
        [{"name": one, "network_interface_id": ENI} for one in "abcd"],
        f"^sessions: 4 entries have network_interface_id {ENI}; an interface can have at most 3 sessions",
    ),
    ("stack", ("sessions", "name"), "\a", r"^sessions: \\x07: name must not have the character '\\x07'"),
    ("stack", ("sessions", "session_number"), 2**63, "^sessions: web: session_number must be 1 to 32766, not 9223"),
    ("stack", ("sessions", "session_number"), True, "^sessions: web: session_number must be 1 to 32766, not True"),
    ("stack", ("sessions", "packet_length"), -1, r"^sessions: web: packet_length must be 0 \(reset\) or 1 to 65535"),
    ("stack", ("sessions", "traffic_mirror_filter_name"), "", "^sessions: web: traffic_mirror_filter_name must have 1"),
    ("stack", ("filters", "rules", "protocol"), "x", "^filters: web: rules: ingress 1: protocol must be 0 to 255 or"),
    ("stack", ("filters", "rules", "rule_number"), 0, "^filters: web: rules: ingress 0: rule_number must be 1 to"),
    ("stack", ("filters", "tags"), {"a": True}, "^filters: web: tags: a is a boolean"),
    ("stack", ("filters", "tags"), {"Name": "x"}, "^filters: web: name is 'web' but tags sets Name to 'x'"),
    # Characters that EC2 cannot return, and invalid names.
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
    # Placeholders of another resource type, and of resources that this collection does not create.
    ("session", ("traffic_mirror_session_id",), NEW_TMT, "traffic_mirror_session_id must be tms- followed by"),
    ("session", ("traffic_mirror_filter_id",), NEW_TMT, "traffic_mirror_filter_id must be tmf- followed by"),
    ("session", ("traffic_mirror_target_id",), NEW_TMF, "traffic_mirror_target_id must be tmt- followed by"),
    ("session", ("network_interface_id",), "eni-(known after apply: a)", "network_interface_id must be eni- followed"),
    ("filter", ("traffic_mirror_filter_id",), NEW_TMS, "traffic_mirror_filter_id must be tmf- followed by"),
    ("target", ("traffic_mirror_target_id",), NEW_TMF, "traffic_mirror_target_id must be tmt- followed by"),
    ("target", ("network_interface_id",), "eni-(known after apply: a)", "network_interface_id must be eni- followed"),
    ("fleet", ("targets", "traffic_mirror_target_id"), NEW_TMF, "must (be tmt- followed by|have exactly one of)"),
    ("session_info", ("ids",), [NEW_TMF], "traffic_mirror_session_ids must be tms- followed by"),
    ("filter_info", ("ids",), [NEW_TMT], "traffic_mirror_filter_ids must be tmf- followed by"),
    ("target_info", ("ids",), [NEW_TMS], "traffic_mirror_target_ids must be tmt- followed by"),
    # Names that would be given to all resources.
    ("session", ("default_tags",), {"Name": "x"}, "default_tags must not set Name"),
    ("filter", ("default_tags",), {"Name": "x"}, "default_tags must not set Name"),
    ("target", ("default_tags",), {"Name": "x"}, "default_tags must not set Name"),
    # Contradictory options.
    (
        "target",
        ("type",),
        "network-load-balancer",
        "type of a target with network_interface_id is network-interface, not",
    ),
    # Values of empty variables, and patterns with fnmatch syntax.
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


@pytest.mark.parametrize("name", VALID_OPTIONS)
def test_outdated_botocore_is_reported_first(name):
    class OutdatedModule:
        def __init__(self, **_):
            pass

        def require_botocore_at_least(self, version, reason):
            raise ModuleEnd("failure", f"botocore {version} is needed {reason}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AnsibleAWSModule", OutdatedModule)
        with pytest.raises(ModuleEnd, match=rf"botocore {module.MIN_BOTOCORE} is needed to read and tag filter rules"):
            load_main(name)()


@pytest.mark.parametrize(("name", "path", "value", "message"), INVALID)
def test_invalid_value_fails_before_any_call(ec2, name, path, value, message):
    for check_mode in (True, False):
        ended, calls = run_module(name, replace_option(VALID_OPTIONS[name][0], path, value), ec2, check_mode)
        assert calls == []
        if ended.by == "Ansible" and ANSIBLE_BEFORE_2_19:  # with a message of Ansible
            assert path[-1] in ended.message
            continue
        assert ended.by == "failure"
        assert re.search(message, ended.message), ended.message
        assert ended.message.isprintable() and len(ended.message) < 2000, ended.message


@pytest.mark.parametrize(
    "error", [TypeError("unexpected keyword"), InvalidRetryModeError(provided_retry_mode="x", valid_modes=["y"])]
)
def test_invalid_aws_config_raises_validation_error(error):
    def client(*_, **__):
        raise error

    fake_module = types.SimpleNamespace(params={"aws_config": {"x": 1}}, client=client)
    with pytest.raises(ValidationError, match="aws_config is not valid for botocore: .*(unexpected|Invalid)"):
        module.connect(fake_module)
    with pytest.raises(module.Ec2Error) as caught:
        module.connect(types.SimpleNamespace(params={}, client=client))
    assert (caught.value.code, caught.value.operation, caught.value.sent) == (type(error).__name__, "", False)


@pytest.mark.parametrize("option", ["traffic_mirror_filter_name", "traffic_mirror_target_name"])
@pytest.mark.parametrize(
    ("value", "message"), [("x" * 257, "must have 1 to 256 characters, not 257"), ("\0", "must not have")]
)
def test_invalid_filter_and_target_names_fail_before_any_call(ec2, option, value, message):
    options = {"network_interface_id": ENI, "session_number": 1, option: value}
    ended, calls = run_module("session", options, ec2)
    assert f"{option} {message}" in ended.message and not calls


PLACEHOLDERS = {"session": NEW_TMS, "filter": NEW_TMF, "target": NEW_TMT}


def id_options():
    """Return every option that takes ids of mirroring resources: module, path, and a placeholder of that type."""
    found = []
    for name in MODULES:
        for path in option_paths(name):
            kind = re.search(r"(session|filter|target)_ids?$", path[-1])
            own = path[-1] in ("id", "ids") and name.split("_")[0]
            if kind or own in PLACEHOLDERS:
                value = PLACEHOLDERS[kind[1] if kind else own]
                found.append((name, path, [value] if path[-1].endswith("s") else value))
    return found


def with_placeholder(name, path, value):
    """Return valid options of a module with a placeholder, without the option that excludes it."""
    options = replace_option(VALID_OPTIONS[name][0], path, value)
    for entry in options.get(path[0], []) if len(path) > 1 else [options]:
        if f"{path[-1][:-3]}_name" in entry:
            del entry[f"{path[-1][:-3]}_name"]
    return options


def test_every_id_option_is_found():
    assert {(name, path[-1]) for name, path, _value in id_options()} >= {
        ("session", "traffic_mirror_session_id"),
        ("session", "id"),
        ("session", "traffic_mirror_filter_id"),
        ("filter", "removed_session_ids"),
        ("fleet", "traffic_mirror_target_id"),
        ("session_info", "ids"),
    }


@pytest.mark.parametrize(("name", "path", "value"), id_options())
def test_placeholder_is_accepted_in_check_mode_only(ec2, name, path, value):
    options = with_placeholder(name, path, value)
    ended, calls = run_module(name, options, ec2, False)
    spelled = {"id": f"traffic_mirror_{name}_id", "ids": f"traffic_mirror_{name.split('_')[0]}_ids"}
    assert ended.by == "failure" and calls == [], ended.message
    assert spelled.get(path[-1], path[-1]) in ended.message and "is a placeholder" in ended.message, ended.message
    ended, calls = run_module(name, options, ec2, True)
    assert ended.by == "success" or "in this account and region" in ended.message, ended.message


@pytest.mark.parametrize("name", ["session", "filter", "target"])
def test_state_absent_of_a_placeholder_predicts_a_change_without_a_call(ec2, name):
    options = {f"traffic_mirror_{name}_id": PLACEHOLDERS[name], "state": "absent"}
    assert run_module(name, options, ec2, False)[0].by == "failure"
    ended, calls = run_module(name, options, ec2, True)
    assert ended.by == "success" and not [call for call in calls if call.startswith("describe")]


@pytest.mark.parametrize("name", ["session", "filter", "target"])
@pytest.mark.parametrize(("value", "is_valid"), [(True, True), ("yes", True), (0, True), ("maybe", False), ([], False)])
def test_adopt_is_a_boolean(ec2, name, value, is_valid):
    ended, calls = run_module(name, {**VALID_OPTIONS[name][0], "adopt": value}, ec2, True)
    assert bool(calls) == is_valid and (is_valid or (ended.by == "Ansible" and "adopt" in ended.message))


@pytest.mark.parametrize("name", MODULES)
def test_valid_options_lead_to_calls(ec2, name):
    for options in VALID_OPTIONS[name]:
        for check_mode in (True, False):
            ended, calls = run_module(name, options, ec2, check_mode)
            assert calls, ended.message
    assert run_module(name, VALID_OPTIONS[name][0], ec2, True)[0].by == "success" or name == "session"
