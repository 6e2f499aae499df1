# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import boto3
import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2 import error_messages
from ansible_collections.vtap.aws.plugins.module_utils._ec2.account_id import decode_account_id
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model import plan
from ansible_collections.vtap.aws.plugins.module_utils._model.desired_state import CreatedIdRef
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action
from ansible_collections.vtap.aws.plugins.module_utils._model.resource_types import FILTER
from ansible_collections.vtap.aws.plugins.module_utils._model.tags import TagChange
from botocore.exceptions import ConnectionClosedError, NoCredentialsError
from botocore.stub import Stubber

from tests.unit.ec2.canned import connect


class Client:
    """A client of EC2 and STS for a caller with this access key. account: the STS response; None for no response."""

    def __init__(self, access_key, account=None):
        self.meta = self.events = self
        self.partition, self.region_name = "aws", "eu-west-1"
        self.account, self.sts_calls = account, 0
        self.key = access_key

    def register(self, name, handler):
        if name != "before-send.ec2":
            return
        request = type(
            "Request", (), {"headers": {"Authorization": f"AWS4-HMAC-SHA256 Credential={self.key}/20260101/"}}
        )
        handler(request=request())

    def get_caller_identity(self):
        self.sts_calls += 1
        if self.account is None:
            raise ConnectionClosedError(endpoint_url="https://sts")
        return {"Account": self.account}


@pytest.mark.parametrize(
    ("access_key", "account"),
    [
        # The example, with its account id, in "A short note on AWS key ID".
        ("ASIAY34FZKBOKMUTVV7A", "609629065308"),
        ("AROAY34FZKBOKMUTVV7A", None),
        ("testing", None),
        ("AKIA1111111111111111", None),
        ("", None),
    ],
)
def test_decode_account_id(access_key, account):
    assert decode_account_id(access_key) == account


@pytest.mark.parametrize(
    ("access_key", "sts", "owner", "foreign", "sts_calls"),
    [
        ("ASIAY34FZKBOKMUTVV7A", None, "609629065308", False, 0),
        # A different account id in the key is not sufficient: STS decides.
        ("ASIAY34FZKBOKMUTVV7A", "111111111111", "111111111111", False, 1),
        ("ASIAY34FZKBOKMUTVV7A", "609629065308", "111111111111", True, 1),
        ("testing", "111111111111", "111111111111", False, 1),
        ("testing", "111111111111", "222222222222", True, 1),
        # Unknown account: EC2 decides.
        ("testing", None, "222222222222", False, 1),
        ("testing", None, None, False, 0),
    ],
)
def test_is_foreign(access_key, sts, owner, foreign, sts_calls):
    client = Client(access_key, sts)
    assert Ec2(client, sts=lambda: client).is_foreign(owner) is foreign
    assert client.sts_calls == sts_calls


@pytest.mark.parametrize(
    ("access_key", "sts", "owners", "account", "sts_calls"),
    [
        ("ASIAY34FZKBOKMUTVV7A", None, [None, "111111111111", "609629065308"], "609629065308", 0),
        # The id in the key alone is not sufficient.
        ("ASIAY34FZKBOKMUTVV7A", "111111111111", ["111111111111"], "111111111111", 1),
        ("ASIAY34FZKBOKMUTVV7A", None, [], None, 1),
        ("testing", "111111111111", ["222222222222"], "111111111111", 1),
    ],
)
def test_find_account_id(access_key, sts, owners, account, sts_calls):
    client = Client(access_key, sts)
    ec2 = Ec2(client, sts=lambda: client)
    assert ec2.find_account_id(owners) == ec2.find_account_id(owners) == account
    assert client.sts_calls == sts_calls


@pytest.mark.parametrize("resource_type", ["Session", "Filter", "Target", "FilterRule"])
@pytest.mark.parametrize("code_format", ["Invalid{}Id.NotFound", "Invalid{}NotFound", "Invalid{}NotFoundException"])
def test_both_formats_of_not_found_codes(resource_type, code_format):
    assert Ec2Error("X", code_format.format(f"TrafficMirror{resource_type}"), "gone").not_found


@pytest.mark.parametrize("code", ["InvalidTrafficMirrorTargetNoFound", "InvalidID"])
def test_other_not_found_codes(code):
    assert Ec2Error("X", code, "gone").not_found


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "TrafficMirrorTargetInUse", "InvalidParameterValue", ""])
def test_codes_that_do_not_mean_not_found(code):
    assert not Ec2Error("X", code, "no").not_found


@pytest.mark.parametrize("code", ["NlbInUseByTrafficMirrorTarget", "InterfaceInUseByTrafficMirrorTargetException"])
def test_destination_in_use_is_a_duplicate_only_for_create_target(code):
    assert Ec2Error("CreateTrafficMirrorTarget", code, "no").duplicate
    assert not Ec2Error("CreateTrafficMirrorSession", code, "no").duplicate


MODIFY = Action("ModifyTrafficMirrorSession", {"Description": "x"}, "session tms-1", "because", on=("tms-1", "tmf-1"))


@pytest.mark.parametrize("suffix", ["", "Exception"])
@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("NetworkInterfaceNotSupported", "instance of a supported type"),
        ("InterfaceInUseByTrafficMirrorTarget", "use another interface"),
        ("TrafficMirrorSessionsPerInterfaceLimitExceeded", "at most 3 sessions"),
        ("TrafficMirrorSourcesPerTargetLimitExceeded", "use a Network Load Balancer"),
        ("TrafficMirrorSessionsPerTargetLimitExceeded", "use another target"),
        ("TrafficMirrorSessionLimitExceeded", "10,000 sessions"),
        ("InvalidTrafficMirrorFilterId.NotFound", "check traffic_mirror_filter_id"),
        ("InvalidTrafficMirrorFilterNotFound", "check traffic_mirror_filter_id"),
        ("InvalidTrafficMirrorTargetId.NotFound", "check traffic_mirror_target_id"),
        ("InvalidTrafficMirrorTargetNoFound", "check traffic_mirror_target_id"),
        ("InvalidTrafficMirrorSessionId.NotFound", "Rerun the task"),
        ("InvalidNetworkInterfaceID.NotFound", "check network_interface_id"),
        ("InvalidNetworkLoadBalancerArn.NotFound", "check network_load_balancer_arn"),
        ("NetworkLoadBalancerNotFound", "check network_load_balancer_arn"),
        ("InvalidVpcEndpointId.NotFound", "check gateway_load_balancer_endpoint_id"),
        ("InvalidVpcEndpoint.NotFound", "check gateway_load_balancer_endpoint_id"),
        ("InvalidTrafficMirrorTarget", "check network_interface_id"),
        ("InvalidTrafficMirrorFilterRuleId.NotFound", "The rule was deleted. Rerun the task"),
        ("NlbInUseByTrafficMirrorTarget", "another load balancer"),
        ("TrafficMirrorFilterInUse", "Delete the sessions"),
        ("TrafficMirrorTargetInUse", "Delete the sessions"),
        ("TrafficMirrorFilterRuleAlreadyExists", "Rerun the task"),
        ("UnauthorizedOperation", "ec2:ModifyTrafficMirrorSession on tms-1, tmf-1"),
        ("RequestLimitExceeded", "aws_config"),
        ("TagPolicyViolation", "tag policy"),
    ],
)
def test_format_error_has_code_text_and_advice(code, suffix, remedy):
    text = error_messages.format_error(
        Ec2Error("ModifyTrafficMirrorSession", code + suffix, "text of EC2", region="eu-west-1"), MODIFY
    )
    assert text.startswith(f"ModifyTrafficMirrorSession failed for session tms-1 in eu-west-1: {code}: text of EC2.")
    assert remedy in text


def test_denied_create_with_tags_names_two_permissions():
    create = Action("CreateTrafficMirrorSession", {"TagSpecifications": []}, "session", "because", on=("eni-1",))
    text = error_messages.format_error(Ec2Error("CreateTrafficMirrorSession", "UnauthorizedOperation", "no"), create)
    assert "ec2:CreateTrafficMirrorSession and ec2:CreateTags on eni-1." in text


def test_denied_create_names_the_new_resource():
    """IAM checks a Create on the new resource, and for a filter or a load balancer target on no other resource."""
    create = plan.create_action(CreatedIdRef(FILTER, "ids"), {}, TagChange({"Name": "ids"}, (), {}), "because")
    text = error_messages.format_error(Ec2Error("CreateTrafficMirrorFilter", "UnauthorizedOperation", "no"), create)
    assert "It needs ec2:CreateTrafficMirrorFilter and ec2:CreateTags on a new traffic-mirror-filter." in text


def test_denied_describe_names_action_and_resource():
    """EC2's text names the action but no resource."""
    text = error_messages.format_error(Ec2Error("DescribeInstances", "UnauthorizedOperation", "no"))
    assert "It needs ec2:DescribeInstances on *." in text


def test_invalid_credentials_require_no_policy():
    text = error_messages.format_error(Ec2Error("DescribeInstances", "AuthFailure", "not able to validate"))
    assert "It needs" not in text and "check profile, access_key and region" in text


def test_no_response_advises_to_rerun_the_task():
    text = error_messages.format_error(Ec2Error("DeleteTrafficMirrorSession", "", "connection closed"), MODIFY)
    assert text.startswith("DeleteTrafficMirrorSession for session tms-1 got no reply from EC2: connection closed.")
    assert "rerun the task; it detects whether EC2 completed the call" in text


def boto3_client():
    return boto3.client("ec2", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


def test_error_of_ec2_has_the_region():
    client = boto3_client()
    with Stubber(client) as stub:
        stub.add_client_error("describe_traffic_mirror_filters", "InternalError", "try again")
        with pytest.raises(Ec2Error) as failure:
            Ec2(client, sts=lambda: None).describe(FILTER)
    assert (failure.value.region, failure.value.sent) == ("eu-west-1", True)
    assert error_messages.format_error(failure.value) == (
        "DescribeTrafficMirrorFilters failed in eu-west-1: InternalError: try again. EC2 has a temporary problem. "
        "Rerun the task."
    )


def test_call_without_credentials_is_reported_as_not_sent():
    class WithoutCredentials(Client):
        def describe_traffic_mirror_filters(self, **_):
            raise NoCredentialsError

    with pytest.raises(Ec2Error) as failure:
        Ec2(WithoutCredentials("testing"), sts=lambda: None).describe(FILTER)
    assert (failure.value.code, failure.value.region, failure.value.sent) == ("NoCredentialsError", "eu-west-1", False)
    message = error_messages.format_error(failure.value)
    assert message.startswith(
        "DescribeTrafficMirrorFilters in eu-west-1 could not be sent: NoCredentialsError: Unable to locate credentials."
    )
    assert "Set access_key and secret_key, or profile, or configure AWS credentials" in message


def test_call_without_response_has_the_region():
    ec2, _session = connect(ConnectionClosedError(endpoint_url="https://ec2"))
    with pytest.raises(Ec2Error) as failure:
        ec2.describe(FILTER)
    assert failure.value.no_response and failure.value.sent
    assert error_messages.format_error(failure.value).startswith(
        "DescribeTrafficMirrorFilters in eu-west-1 got no reply from EC2: Connection was closed"
    )


def test_pages_reads_every_page():
    client = boto3_client()
    params = {"MaxResults": 1000, "Filters": [{"Name": "vpc-id", "Values": ["vpc-0a1b2c3d"]}]}
    with Stubber(client) as stub:
        for token, following in ((None, "one"), ("one", "two"), ("two", None)):
            reply = {"NetworkInterfaces": [{"NetworkInterfaceId": f"eni-{token}"}]}
            stub.add_response(
                "describe_network_interfaces",
                {**reply, **({"NextToken": following} if following else {})},
                {**params, **({"NextToken": token} if token else {})},
            )
        pages = Ec2(client, sts=lambda: None).pages("DescribeNetworkInterfaces", {"vpc-id": ["vpc-0a1b2c3d"]})
        found = [row["NetworkInterfaceId"] for page in pages for row in page["NetworkInterfaces"]]
        stub.assert_no_pending_responses()
    assert found == ["eni-None", "eni-one", "eni-two"]
