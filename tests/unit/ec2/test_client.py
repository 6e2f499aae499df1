# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import boto3
import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2 import error_messages
from ansible_collections.vtap.aws.plugins.module_utils._ec2.account_id import account_of
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model import plan
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import TagChange
from botocore.exceptions import ConnectionClosedError
from botocore.stub import Stubber


class Client:
    """A client whose STS answers once, for a caller with this access key."""

    def __init__(self, access_key, account=None):
        self.meta = self.events = self
        self.partition, self.region_name = "aws", "eu-west-1"
        self.account, self.asked = account, 0
        self.key = access_key

    def register(self, name, handler):
        assert name == "before-send.ec2"
        request = type(
            "Request", (), {"headers": {"Authorization": f"AWS4-HMAC-SHA256 Credential={self.key}/20260101/"}}
        )
        handler(request=request())

    def get_caller_identity(self):
        self.asked += 1
        if self.account is None:
            raise ConnectionClosedError(endpoint_url="https://sts")
        return {"Account": self.account}


@pytest.mark.parametrize(
    ("access_key", "account"),
    [
        # The example of "A short note on AWS key ID", whose account that article gives.
        ("ASIAY34FZKBOKMUTVV7A", "609629065308"),
        ("AROAY34FZKBOKMUTVV7A", None),
        ("testing", None),
        ("AKIA1111111111111111", None),
        ("", None),
    ],
)
def test_account_of_access_key(access_key, account):
    assert account_of(access_key) == account


@pytest.mark.parametrize(
    ("access_key", "sts", "owner", "foreign", "asked"),
    [
        ("ASIAY34FZKBOKMUTVV7A", None, "609629065308", False, 0),
        # The key is no proof against: STS has the last word.
        ("ASIAY34FZKBOKMUTVV7A", "111111111111", "111111111111", False, 1),
        ("ASIAY34FZKBOKMUTVV7A", "609629065308", "111111111111", True, 1),
        ("testing", "111111111111", "111111111111", False, 1),
        ("testing", "111111111111", "222222222222", True, 1),
        # Nobody can tell, so EC2 decides.
        ("testing", None, "222222222222", False, 1),
        ("testing", None, None, False, 0),
    ],
)
def test_foreign_owner(access_key, sts, owner, foreign, asked):
    client = Client(access_key, sts)
    assert Ec2(client, sts=lambda: client).is_foreign(owner) is foreign
    assert client.asked == asked


@pytest.mark.parametrize("kind", ["Session", "Filter", "Target", "FilterRule"])
@pytest.mark.parametrize("form", ["Invalid{}Id.NotFound", "Invalid{}NotFound", "Invalid{}NotFoundException"])
def test_both_families_of_not_found(kind, form):
    assert Ec2Error("X", form.format(f"TrafficMirror{kind}"), "gone").not_found


@pytest.mark.parametrize("code", ["InvalidTrafficMirrorTargetNoFound", "InvalidID"])
def test_odd_forms_of_not_found(code):
    assert Ec2Error("X", code, "gone").not_found


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "TrafficMirrorTargetInUse", "InvalidParameterValue", ""])
def test_other_codes_are_not_not_found(code):
    assert not Ec2Error("X", code, "no").not_found


@pytest.mark.parametrize("code", ["NlbInUseByTrafficMirrorTarget", "InterfaceInUseByTrafficMirrorTargetException"])
def test_a_destination_that_is_taken_is_a_duplicate_of_a_target_only(code):
    assert Ec2Error("CreateTrafficMirrorTarget", code, "no").duplicate
    assert not Ec2Error("CreateTrafficMirrorSession", code, "no").duplicate


MODIFY = Action("ModifyTrafficMirrorSession", {"Description": "x"}, "session tms-1", "because", on=("tms-1", "tmf-1"))


@pytest.mark.parametrize("suffix", ["", "Exception"])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("NetworkInterfaceNotSupported", "supported, virtualized type"),
        ("InterfaceInUseByTrafficMirrorTarget", "use another interface"),
        ("TrafficMirrorSessionsPerInterfaceLimitExceeded", "takes 3 sessions"),
        ("TrafficMirrorSourcesPerTargetLimitExceeded", "use a Network Load Balancer"),
        ("TrafficMirrorSessionsPerTargetLimitExceeded", "use another target"),
        ("TrafficMirrorSessionLimitExceeded", "10,000 sessions"),
        ("InvalidTrafficMirrorFilterId.NotFound", "check traffic_mirror_filter_id"),
        ("InvalidTrafficMirrorFilterNotFound", "check traffic_mirror_filter_id"),
        ("InvalidTrafficMirrorTargetId.NotFound", "check traffic_mirror_target_id"),
        ("InvalidTrafficMirrorTargetNoFound", "check traffic_mirror_target_id"),
        ("InvalidTrafficMirrorSessionId.NotFound", "run the task again"),
        ("InvalidNetworkInterfaceID.NotFound", "check network_interface_id"),
        ("InvalidNetworkLoadBalancerArn.NotFound", "check network_load_balancer_arn"),
        ("NetworkLoadBalancerNotFound", "check network_load_balancer_arn"),
        ("InvalidVpcEndpointId.NotFound", "check gateway_load_balancer_endpoint_id"),
        ("InvalidVpcEndpoint.NotFound", "check gateway_load_balancer_endpoint_id"),
        ("InvalidTrafficMirrorTarget", "check network_interface_id"),
        ("InvalidTrafficMirrorFilterRuleId.NotFound", "The rule is gone: run the task again"),
        ("NlbInUseByTrafficMirrorTarget", "another load balancer"),
        ("TrafficMirrorFilterInUse", "Remove the sessions"),
        ("TrafficMirrorTargetInUse", "Remove the sessions"),
        ("TrafficMirrorFilterRuleAlreadyExists", "run the task again"),
        ("UnauthorizedOperation", "ec2:ModifyTrafficMirrorSession on tms-1, tmf-1"),
        ("RequestLimitExceeded", "aws_config"),
        ("TagPolicyViolation", "tag policy"),
    ],
)
def test_every_refusal_has_code_words_and_advice(code, suffix, words):
    text = error_messages.format_error(Ec2Error("ModifyTrafficMirrorSession", code + suffix, "said EC2"), MODIFY)
    assert text.startswith(f"ModifyTrafficMirrorSession on session tms-1 was refused: {code}: said EC2.")
    assert words in text


def test_a_create_with_tags_needs_two_permissions():
    create = Action("CreateTrafficMirrorSession", {"TagSpecifications": []}, "session", "because", on=("eni-1",))
    text = error_messages.format_error(Ec2Error("CreateTrafficMirrorSession", "UnauthorizedOperation", "no"), create)
    assert "ec2:CreateTrafficMirrorSession and ec2:CreateTags on eni-1." in text


def test_a_create_names_what_it_makes_as_a_resource():
    """Policies are checked on it, and for a filter or the target of a load balancer on nothing else."""
    create = plan.create_action(FILTER, {}, TagChange({"Name": "ids"}, (), {}), "because")
    text = error_messages.format_error(Ec2Error("CreateTrafficMirrorFilter", "UnauthorizedOperation", "no"), create)
    assert "It needs ec2:CreateTrafficMirrorFilter and ec2:CreateTags on a new traffic-mirror-filter." in text


def test_a_refused_describe_names_action_and_resource():
    """EC2 says which action, but no resource."""
    text = error_messages.format_error(Ec2Error("DescribeInstances", "UnauthorizedOperation", "no"))
    assert "It needs ec2:DescribeInstances on *." in text


def test_credentials_that_are_not_valid_need_no_policy():
    text = error_messages.format_error(Ec2Error("DescribeInstances", "AuthFailure", "not able to validate"))
    assert "It needs" not in text and "check profile, access_key and region" in text


def test_a_lost_reply_says_that_nobody_knows():
    text = error_messages.format_error(Ec2Error("DeleteTrafficMirrorSession", "", "connection closed"), MODIFY)
    assert "got no reply" in text and "run the task again" in text


def test_every_page_is_read_and_no_more():
    client = boto3.client("ec2", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    asked = {"MaxResults": 1000, "Filters": [{"Name": "vpc-id", "Values": ["vpc-0a1b2c3d"]}]}
    with Stubber(client) as stub:
        for token, following in ((None, "one"), ("one", "two"), ("two", None)):
            reply = {"NetworkInterfaces": [{"NetworkInterfaceId": f"eni-{token}"}]}
            stub.add_response(
                "describe_network_interfaces",
                {**reply, **({"NextToken": following} if following else {})},
                {**asked, **({"NextToken": token} if token else {})},
            )
        pages = Ec2(client, sts=lambda: None).pages("DescribeNetworkInterfaces", {"vpc-id": ["vpc-0a1b2c3d"]})
        found = [row["NetworkInterfaceId"] for page in pages for row in page["NetworkInterfaces"]]
        stub.assert_no_pending_responses()
    assert found == ["eni-None", "eni-one", "eni-two"]
