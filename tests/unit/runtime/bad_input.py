# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of any module with any options, in an account without resources where only Describe actions are allowed.

Ansible validates the options against the argument spec of the module, and botocore builds the requests.
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
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

# Stands for the module of amazon.aws, which is not installed here. Each case replaces AnsibleAWSModule.
amazon = types.ModuleType("ansible_collections.amazon.aws.plugins.module_utils.modules")
amazon.AnsibleAWSModule = None
sys.modules.setdefault(amazon.__name__, amazon)

from ansible_collections.vtap.aws.plugins.module_utils._report import files  # noqa: E402
from ansible_collections.vtap.aws.plugins.module_utils._runtime import module  # noqa: E402

gc.enable()  # module.py disables garbage collection

ENI, NLB = "eni-0a1b2c3d4e5f60718", "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/s/0a1b2c3d"
APP, SENSOR = "eni-0a1b2c3d4e5f60721", "eni-0a1b2c3d4e5f60741"
TMS, TMF, TMT = "tms-0a1b2c3d4e5f60718", "tmf-0a1b2c3d4e5f60718", "tmt-0a1b2c3d4e5f60718"
# Placeholders that check mode returns for ids.
NEW_TMS, NEW_TMF, NEW_TMT = (f"{prefix}-(known after apply: web)" for prefix in ("tms", "tmf", "tmt"))
ANY = {"source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0", "direction": "ingress", "action": "accept"}
RULE = {**ANY, "rule_number": 1, "protocol": "tcp", "source_port": "1-9", "destination_port": "443", "tags": {"a": "b"}}
# Valid options of each module. The first of each list has all options that creating the resource requires.
VALID_OPTIONS = {
    "session": [
        {
            "network_interface_id": ENI,
            "session_number": 1,
            "traffic_mirror_filter_id": TMF,
            "traffic_mirror_target_id": TMT,
        },
        {"network_interface_id": ENI, "name": "web", "packet_length": 100, "description": "x", "tags": {"a": "b"}},
        {"network_interface_id": ENI, "name": "web", "expires_in": "4h"},
        {"network_interface_id": ENI, "name": "web", "expires_at": "2026-11-26T16:00:00Z"},
        {"traffic_mirror_session_id": TMS, "state": "absent"},
        {"name": "web", "adopt": True, "allow_replacement": True, "network_interface_id": ENI},
    ],
    "filter": [
        {"name": "web", "rules": [RULE], "network_services": ["amazon-dns"], "tags": {"a": "b"}},
        {"traffic_mirror_filter_id": TMF, "state": "absent"},
        {"traffic_mirror_filter_id": TMF, "name": "web", "adopt": True},
    ],
    "target": [
        {"name": "sensor", "network_interface_id": ENI},
        {"network_load_balancer_arn": NLB},
        {"traffic_mirror_target_id": TMT, "state": "absent"},
        {"network_interface_id": ENI, "name": "web", "adopt": True},
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
    "stack": [
        {
            "name": "ids",
            "filters": [{"name": "web", "rules": [RULE], "network_services": ["amazon-dns"], "tags": {"a": "b"}}],
            "targets": [{"name": "sensor", "network_interface_id": SENSOR}],
            "sessions": [
                {
                    "name": "web",
                    "network_interface_id": ENI,
                    "session_number": 1,
                    "traffic_mirror_filter_name": "web",
                    "traffic_mirror_target_name": "sensor",
                }
            ],
        },
        {"name": "ids", "filters": [{"name": "a"}, {"name": "b"}], "sessions": [], "purge": False, "adopt": True},
        {"name": "ids", "sessions": [{"name": "web", "expires_at": "2026-01-01T00:00:00Z"}]},
        {"name": "ids", "state": "absent"},
    ],
    "stack_info": [{"name": "ids"}, {}],
    "session_info": [{"filters": {"tag:Team": "netsec", "session-number": 1}}, {"ids": [TMS]}],
    "filter_info": [{"filters": {"description": ["x"]}}, {"names": ["web"]}],
    "target_info": [{"filters": {"type": "network*"}, "session_count": True}, {}],
}
MODULES = sorted(VALID_OPTIONS)

# Messages of failures that may occur after calls.
FAILURE_AFTER_CALLS = re.compile(
    r"in this account and region|creating it requires|are reserved for AWS|UnauthorizedOperation|TagLimitExceeded|"
    "rules for a filter|min_coverage is|is set only by the modules"
)
# Messages about list entries without required suboptions. They do not name the option of the path.
INCOMPLETE = re.compile(r"missing required arguments|must have (exactly|at least) one of|: name or \w+ is required")
# EC2's responses: every Describe returns an empty list, every other action is denied.
RESPONSE_SETS = (
    "trafficMirrorSessionSet",
    "trafficMirrorFilterSet",
    "trafficMirrorTargetSet",
    "trafficMirrorFilterRuleSet",
)
EMPTY_SETS = "".join(f"<{one}/>" for one in (*RESPONSE_SETS, "reservationSet", "networkInterfaceSet", "subnetSet"))
DENIED_RESPONSE = (
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>"
)


class ModuleEnd(BaseException):
    """Raised when the module ends.

    by: "Ansible" for an error of Ansible's validation, "success" or "failure". message: the message of a failure.
    """

    def __init__(self, by, message=""):
        super().__init__(by, message)
        self.by, self.message = by, message


class ResponseBody(io.BytesIO):
    """The response body that botocore reads."""

    def stream(self):
        yield self.read()


def respond(request, **_):
    """Return a response without sending the request (handler of botocore's event before-send)."""
    is_describe = "Action=Describe" in str(request.body)
    text = f"<Response><requestId>1</requestId>{EMPTY_SETS}</Response>" if is_describe else DENIED_RESPONSE
    return botocore.awsrequest.AWSResponse(request.url, 200 if is_describe else 403, {}, ResponseBody(text.encode()))


def create_client():
    """Return a boto3 client of EC2 that builds requests but does not send them (see respond)."""
    session = botocore.session.Session()
    session.set_credentials("AKIATCH6YDSYQAAAAAAA", "secret")
    config = botocore.config.Config(parameter_validation=True, retries={"total_max_attempts": 1})
    client = session.create_client("ec2", region_name="eu-west-1", config=config)
    client.meta.events.register("before-send.ec2", respond)
    return client


class RecordingClient:
    """The EC2 client of one module run. Records the names of the called methods."""

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
def argument_spec(name):
    """Return the argument spec that a module passes to AnsibleAWSModule."""
    found = []

    class SpecRecorder:
        def __init__(self, argument_spec, **_):
            found.append(argument_spec)
            raise ModuleEnd("success")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AnsibleAWSModule", SpecRecorder)
        with pytest.raises(ModuleEnd):
            load_main(name)()
    return found[0]


def load_main(name):
    path = "ansible_collections.vtap.aws.plugins.modules.ec2_traffic_mirror_"
    return importlib.import_module(f"{path}{name}").main


def option_paths(name):
    """Return the paths of all options and aliases: (option,), or (list option, suboption), also of nested lists."""
    return list(_paths(argument_spec(name)))


def _paths(spec):
    for option, one in spec.items():
        yield from ((spelling,) for spelling in (option, *one.get("aliases", ())))
        yield from ((option, *inner) for inner in _paths(one.get("options", {})))


def run_module(name, options, ec2, check_mode=False):
    """Run a module. Returns its ModuleEnd and the names of the called client methods."""
    client = RecordingClient(ec2)

    class FakeAnsibleAWSModule:
        """AnsibleAWSModule with the recording client."""

        no_log_values = frozenset()

        def __init__(self, argument_spec, mutually_exclusive=(), supports_check_mode=False):
            # The controller passes options as JSON.
            params = json.loads(json.dumps(options))
            result = ArgumentSpecValidator(argument_spec, mutually_exclusive=mutually_exclusive).validate(params)
            if result.error_messages:
                raise ModuleEnd("Ansible", "; ".join(result.error_messages))
            self.params, self.check_mode = result.validated_parameters, check_mode

        def require_botocore_at_least(self, version, reason):
            pass

        def client(self, service, **_):
            if service == "sts":
                return types.SimpleNamespace(get_caller_identity=lambda: {"Account": "123456789012"})
            assert service == "ec2"
            return client

        def warn(self, text):
            assert text.isprintable()

        def exit_json(self, **result):
            json.dumps(result)
            raise ModuleEnd("success")

        def fail_json(self, **result):
            json.dumps(result)
            raise ModuleEnd("failure", result["msg"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AnsibleAWSModule", FakeAnsibleAWSModule)
        # Any text can be a path: write nothing.
        patch.setattr(files, "_replace_file", lambda path, text: os.fsencode(path) and text.encode())
        try:
            load_main(name)()
        except ModuleEnd as ended:
            return ended, client.calls
    raise AssertionError("the module did not exit")


def check_run(name, options, replaced, ec2, check_mode=False):
    """Run a module and check its messages. replaced: the paths of the options that have arbitrary values.

    A failure before any call must name one of these options. Failures after calls must match FAILURE_AFTER_CALLS. A
    call that changes something must be the cause of the failure.
    """
    ended, calls = run_module(name, options, ec2, check_mode)
    if ended.by == "success":
        return
    message = ended.message
    if ended.by == "failure":
        assert all(map(str.isprintable, message.split("\n"))), repr(message)
        assert len(message) < 2000, message
    if calls:
        assert FAILURE_AFTER_CALLS.search(message), message
        writes = [call for call in calls if not call.startswith("describe")]
        assert not writes or "UnauthorizedOperation" in message, (writes, message)
    else:
        names = [spellings(name, path) for path in replaced]
        assert any(is_named(path, message) for path in names), (names, message)


def is_named(path, message):
    """Whether a message names the option of a path, in any of its spellings, and the list that contains the option.

    For an entry that replace_option created without required suboptions, the message names these instead.
    """
    levels = path[:1] if INCOMPLETE.search(message) else path[:1] + path[1:][-1:]
    return all(any(re.search(rf"\b{spelling}\b", message) for spelling in level) for level in levels)


def spellings(name, path):
    """Return the spellings of each option in a path: the given one, and for aliases also the option."""
    found, spec = [], argument_spec(name)
    for one in path:
        found.append({one} | {option for option, row in spec.items() if one in row.get("aliases", ())})
        spec = spec.get(one, {}).get("options", {})
    return found


def replace_option(options, path, value):
    """Return the options with another value at this path. In a list, replaces the suboption of the first entry."""
    options = copy.deepcopy(options)
    inner = options
    for list_option in path[:-1]:
        entries = inner.get(list_option)
        if not isinstance(entries, list) or not entries or not isinstance(entries[0], dict):
            inner[list_option] = entries = [{}]
        inner = entries[0]
    inner[path[-1]] = value
    return options
