# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reference to a resource that a plan creates."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import DesiredState
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER, SESSION, TARGET

from tests.unit.resources.rule_options import rule

ENI = "eni-0a1b2c3d4e5f60718"
NLB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/n/0a1b2c3d4e5f6071"
SESSION_ON_ENI = {"network_interface_id": ENI, "session_number": 2}


def new_id(resource_type, **options):
    params = {"state": "present", "purge_tags": True, "purge_rules": True, "allow_replacement": False, "adopt": False}
    return DesiredState.from_options(resource_type, {**params, **options}).new_id


@pytest.mark.parametrize(
    ("resource_type", "options", "text"),
    [
        (FILTER, {"name": "web dns", "description": "x"}, "the new filter 'web dns'"),
        (SESSION, {"name": "web", **SESSION_ON_ENI}, "the new session 'web'"),
        (SESSION, SESSION_ON_ENI, f"the new session '{ENI} 2'"),
        (TARGET, {"name": "sensor", "network_interface_id": ENI}, "the new target 'sensor'"),
        (TARGET, {"network_load_balancer_arn": NLB}, f"the new target '{NLB}'"),
    ],
)
def test_new_resource_has_the_name_or_the_natural_key(resource_type, options, text):
    assert str(new_id(resource_type, **options)) == text
    assert new_id(resource_type, **options) == new_id(resource_type, **options, tags={"Team": "a"})


def test_references_of_different_resources_differ():
    a = [new_id(one, name=name, network_interface_id=ENI) for one in (SESSION, TARGET) for name in ("a", "b")]
    b = [new_id(SESSION, network_interface_id=ENI, session_number=number) for number in (1, 2)]
    assert len({*a, *b}) == len(a) + len(b)


def test_references_of_rules_differ_by_direction_and_number():
    params = {"state": "present", "name": "f", "purge_tags": True, "purge_rules": True}
    rules = [rule(1), rule(2), rule(1, "egress")]
    desired = DesiredState.from_options(FILTER, {**params, "allow_replacement": False, "adopt": False, "rules": rules})
    assert [one.new_id.key for one in desired.children] == ["ingress 1", "ingress 2", "egress 1"]
