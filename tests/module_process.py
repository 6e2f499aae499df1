# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Call main() of a module in a process that has already imported everything.

Shared by integration/inprocess.py, integration/playbook_server.py,
integration/ansible_plugins/callback/in_process.py and faults/child.py.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import io
import json
from typing import Any

import boto3
import botocore.loaders
import botocore.session
from ansible.module_utils import basic
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser
from botocore.session import Session

PREFIX = "ansible_collections.vtap.aws.plugins.modules.ec2_traffic_mirror_"
MODULES = (
    *("session", "filter", "target", "fleet", "stack"),
    *("session_info", "filter_info", "target_info", "stack_info"),
)


@functools.cache
def preload() -> None:
    """Import all modules and their service models, so that forks inherit them. The collection must be importable."""
    for name in MODULES:
        importlib.import_module(PREFIX + name)
    share_service_models()
    for service in ("ec2", "elbv2", "sts"):
        boto3.session.Session().client(service, "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")


def share_service_models() -> None:
    """Make all botocore sessions of this process share what does not depend on the task. Later calls change nothing.

    The loader parses each service model once. A client class has a method for each of the 800 operations of EC2. Each
    session registers the same 100 event handlers, and translates their names.
    """
    botocore.session.create_loader = _create_loader
    ClientCreator._create_client_class = _create_client_class
    Session._register_builtin_handlers = _register_builtin_handlers
    EventAliaser._alias_event_name = _alias_event_name


_create_loader = functools.cache(botocore.loaders.create_loader)
_original_create_class = ClientCreator._create_client_class
_original_register = Session._register_builtin_handlers
_original_alias = EventAliaser._alias_event_name
_client_classes: dict[str, Any] = {}
_handlers: list[Any] = []
_aliases: dict[str, str] = {}


def _create_client_class(self: Any, service_name: str, service_model: Any) -> Any:
    if service_name not in _client_classes:
        _client_classes[service_name] = _original_create_class(self, service_name, service_model)
    return _client_classes[service_name]


def _register_builtin_handlers(self: Any, events: Any) -> None:
    """Register the handlers of the first session. events: an EventAliaser, which passes calls to its _emitter."""
    if not _handlers:
        _original_register(self, events)
        _handlers.append(copy.copy(events._emitter))
    vars(events._emitter).update(vars(copy.copy(_handlers[0])))


def _alias_event_name(self: Any, event_name: str) -> str:
    if event_name not in _aliases:
        _aliases[event_name] = _original_alias(self, event_name)
    return _aliases[event_name]


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
