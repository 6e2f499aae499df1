# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Call main() of a module in a process that has already imported everything.

Shared by integration/inprocess.py, integration/ansible_plugins/callback/in_process.py and faults/child.py.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from typing import Any

import boto3
import botocore.session
from ansible.module_utils import basic
from botocore.client import ClientCreator

PREFIX = "ansible_collections.vtap.aws.plugins.modules.ec2_traffic_mirror_"
MODULES = (
    *("session", "filter", "target", "fleet", "stack"),
    *("session_info", "filter_info", "target_info", "stack_info"),
)


def preload() -> None:
    """Import all modules and their service models, so that forks inherit them. The collection must be importable."""
    for name in MODULES:
        importlib.import_module(PREFIX + name)
    share_service_models()
    for service in ("ec2", "elbv2"):
        boto3.session.Session().client(service, "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")


def share_service_models() -> None:
    """Make all botocore sessions of this process use one loader and one client class for each service.

    The loader parses each service model once. A client class has a method for each of the 800 operations of EC2.
    """
    loader = botocore.session.create_loader()
    botocore.session.create_loader = lambda *_: loader
    create_class, classes = ClientCreator._create_client_class, {}

    def create_client_class(self: Any, service_name: str, service_model: Any) -> Any:
        if service_name not in classes:
            classes[service_name] = create_class(self, service_name, service_model)
        return classes[service_name]

    ClientCreator._create_client_class = create_client_class


def set_arguments(arguments: dict[str, Any], encoder: Any = None) -> None:
    """Set the arguments that the next AnsibleModule reads. encoder: a JSON encoder class."""
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, cls=encoder).encode()
    basic._ANSIBLE_PROFILE = "legacy"


def printed_by(main: Any, arguments: dict[str, Any], encoder: Any = None) -> str:
    """Call main() of a module with these arguments. Returns the output. main() must end with SystemExit."""
    set_arguments(arguments, encoder)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            main()
        except SystemExit:
            return printed.getvalue()
    raise AssertionError("main() returned without exit_json or fail_json")
