# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of messages: each error code has a remedy that helps, for the service, action and policy concerned."""

from __future__ import annotations

import inspect
import re

import botocore.exceptions
import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.error_messages import format_error
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._ec2.remedies import REMEDIES, canonical_code, find_remedy
from ansible_collections.vtap.aws.plugins.module_utils._model.plan import Action

CREATE = Action("CreateTrafficMirrorSession", {}, "session (session_number 1)", "does not exist", on=("eni-1", "tmf-1"))
RERUN = "Rerun the task"
# Each documented code and each code that public clients quote, with a pattern that its remedy must match.
EC2_CODES = {
    # Not found, in the spellings of the documentation and of public clients.
    "InvalidTrafficMirrorSessionNotFound": "session was deleted",
    "InvalidTrafficMirrorSessionId.NotFound": "session was deleted",
    "InvalidTrafficMirrorFilterNotFound": "check traffic_mirror_filter_id and region",
    "InvalidTrafficMirrorFilterId.NotFound": "check traffic_mirror_filter_id and region",
    "InvalidTrafficMirrorTargetNoFound": "check traffic_mirror_target_id and region",
    "InvalidTrafficMirrorTargetNotFound": "check traffic_mirror_target_id and region",
    "InvalidTrafficMirrorTargetId.NotFound": "not shared with this account",
    "InvalidTrafficMirrorFilterRuleNotFound": "rule was deleted",
    "InvalidTrafficMirrorFilterRuleId.NotFound": "rule was deleted",
    "InvalidNetworkInterfaceID.NotFound": "check network_interface_id and region",
    "InvalidNetworkInterfaceId.NotFound": "check network_interface_id and region",
    "InvalidNetworkLoadBalancerArn.NotFound": "check network_load_balancer_arn and region",
    "NetworkLoadBalancerNotFound": "check network_load_balancer_arn and region",
    "InvalidVpcEndpointId.NotFound": "check gateway_load_balancer_endpoint_id and region",
    "InvalidVpcEndpoint.NotFound": "check gateway_load_balancer_endpoint_id and region",
    "InvalidVpcEndpointType": "Gateway Load Balancer endpoint",
    "InvalidInstanceID.NotFound": "instance was terminated",
    "InvalidTrafficMirrorTarget": "check network_interface_id and region",
    "InvalidID": "resource to tag does not exist",
    # Malformed.
    "InvalidNetworkInterfaceId.Malformed": "network_interface_id: eni-",
    "InvalidNetworkInterfaceID.Malformed": "network_interface_id: eni-",
    "InvalidNetworkLoadBalancerArn.Malformed": "network_load_balancer_arn",
    "InvalidVpcEndpointId.Malformed": "gateway_load_balancer_endpoint_id: vpce-",
    "InvalidTagKey.Malformed": "keys of tags and default_tags",
    # In use, duplicates, limits, support.
    "TrafficMirrorFilterInUse": "sessions that use the filter",
    "TrafficMirrorTargetInUse": "sessions that use the target",
    "InterfaceInUseByTrafficMirrorTarget": "use another interface, or delete the target",
    "InterfaceInUseByTrafficMirrorSession": "delete the sessions of this interface",
    "NlbInUseByTrafficMirrorTarget": "use that target, or another load balancer",
    "TrafficMirrorFilterRuleAlreadyExists": RERUN,
    "TrafficMirrorSessionsPerInterfaceLimitExceeded": "at most 3 sessions",
    "TrafficMirrorSourcesPerTargetLimitExceeded": "10 sources .100 .*Network Load Balancer",
    "TrafficMirrorSessionsPerTargetLimitExceeded": "another target, or a Network Load Balancer",
    "TrafficMirrorFilterLimitExceeded": "10,000 filters",
    "TrafficMirrorFilterRuleLimitExceeded": "at most 10 rules",
    "TrafficMirrorSessionLimitExceeded": "10,000 sessions",
    "TrafficMirrorTargetLimitExceeded": "10,000 targets",
    "NetworkInterfaceNotSupported": "instance of a supported type",
    # Common codes.
    "DryRunOperation": "dry run and changed nothing",
    "UnauthorizedOperation": "Allow ec2:CreateTrafficMirrorSession in an IAM policy",
    "IdempotentParameterMismatch": "already carried out.*Rerun the task",
    "InvalidClientToken": RERUN,
    "MissingParameter": "Correct the option",
    "InvalidParameter": "Correct the option",
    "InvalidParameterValue": "Correct the option",
    "InvalidParameterCombination": "Correct the option",
    "InvalidParameterDependency": "Correct the option",
    "UnknownParameter": "endpoint_url",
    "InvalidFilter": "filters.*endpoint_url",
    "FilterLimitExceeded": "200 filter values",
    "InvalidMaxResults": "endpoint_url",
    "InvalidNextToken": RERUN,
    "InvalidPaginationToken": RERUN,
    "TagLimitExceeded": "at most 50 tags",
    "TagPolicyViolation": "tag policy of the organization",
    "ConcurrentTagAccess": RERUN,
    "UnsupportedOperation": "Check region",
    "DependencyViolation": "depend on this one",
    "RequestLimitExceeded": "throttles the account",
    "InternalError": "temporary problem",
    "InternalFailure": "temporary problem",
    "ServiceUnavailable": "temporary problem",
    "Unavailable": "temporary problem",
    "Throttling": "throttles the account",
    "TooManyRequests": "throttles the account",
    "InvalidAction": "endpoint_url",
    # The whole account.
    "RequestExpired": "renew the temporary credentials .*clock",
    "ExpiredToken": "renew the temporary credentials",
    "InvalidClientTokenId": "access key: check access_key or profile, session_token",
    "SignatureDoesNotMatch": "check secret_key or profile",
    "AuthFailure": "check profile, access_key and region",
    "OptInRequired": "enable the region",
    "Blocked": "contact AWS Support",
    "PendingVerification": "rerun the task later",
    "AccessDenied": "Allow ec2:CreateTrafficMirrorSession in an IAM policy",
}
# Exceptions of calls that were not sent.
UNSENT = {
    "NoCredentialsError": "Set access_key and secret_key, or profile",
    "PartialCredentialsError": "both access_key and secret_key",
    "CredentialRetrievalError": "credential_process",
    "SSOError": "aws sso login",
    "SSOTokenLoadError": "aws sso login",
    "UnauthorizedSSOTokenError": "aws sso login",
    "TokenRetrievalError": "aws sso login",
    "ProfileNotFound": "Correct profile .*AWS_PROFILE",
    "ConfigNotFound": "AWS_CONFIG_FILE",
    "InvalidConfigError": "Correct the profile",
    "ConfigParseError": "Correct the syntax",
    "UnknownEndpointError": "Check region and endpoint_url",
    "EndpointProviderError": "Check region and endpoint_url",
    "EndpointConnectionError": "region, endpoint_url, DNS, proxy and firewall",
    "ConnectTimeoutError": "region, endpoint_url, DNS, proxy and firewall",
    "InvalidRegionError": "Set region",
    "NoRegionError": "Set region",
    "SSLError": "aws_ca_bundle",
    "ProxyConnectionError": "HTTPS_PROXY",
    "ParamValidationError": "Correct the option",
    "FileNotFoundError": "web_identity_token_file",
    "PermissionError": "Allow the user that runs the module to read the file",
}
DENIED = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: ec2:CreateTags on resource: arn:aws:x "
ROLE = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::1"


def refused(code, message="text of EC2", **more):
    return Ec2Error("CreateTrafficMirrorSession", code, message, region="eu-west-1", **more)


@pytest.mark.parametrize("suffix", ["", "Exception"])
@pytest.mark.parametrize(("code", "pattern"), EC2_CODES.items())
def test_each_code_of_ec2_has_its_remedy(code, pattern, suffix):
    text = format_error(refused(code + suffix), CREATE)
    failure = f"CreateTrafficMirrorSession failed for session (session_number 1) in eu-west-1: {code}: text of EC2. "
    assert text.startswith(failure)
    assert re.search(pattern, text.removeprefix(failure)), text


@pytest.mark.parametrize(("name", "pattern"), UNSENT.items())
def test_each_exception_of_an_unsent_call_has_its_remedy(name, pattern):
    text = format_error(refused(name, sent=False), CREATE)
    failure = f"CreateTrafficMirrorSession for session (session_number 1) in eu-west-1 could not be sent: {name}: "
    assert text.startswith(failure)
    assert re.search(pattern, text), text


# Exceptions of botocore that have only the general remedy, because no call of this collection raises them.
GENERAL = re.compile(
    "S3|Outpost|Waiter|Pag|Stub|Stream|Checksum|Expression|Chunk|ApiVersion|MD5|MissingParameters|BotoCoreError|Capacity|"
    "UnknownClientMethod|UnknownServiceStyle|Protocols|BuiltInName|ConnectionClosed|ReadTimeout|IncompleteRead|"
    "ValidationError|RangeError|UnknownKeyError|UnknownParameterError|AliasConflict"
)


def test_each_exception_of_botocore_has_a_remedy():
    general = find_remedy(refused("NewError", sent=False))
    assert "connection options" in general
    for name, one in inspect.getmembers(botocore.exceptions, inspect.isclass):
        if issubclass(one, botocore.exceptions.BotoCoreError):
            remedy = find_remedy(refused(name, sent=False))
            assert remedy != general or GENERAL.search(name), name


@pytest.mark.parametrize("code", [code for code in EC2_CODES if code not in ("UnauthorizedOperation", "AccessDenied")])
def test_only_denied_calls_are_told_to_change_policies(code):
    text = format_error(refused(code), CREATE)
    assert "IAM policy" not in text and "It needs" not in text


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "AccessDenied"])
@pytest.mark.parametrize(
    ("reason", "pattern"),
    [
        ("because no identity-based policy allows the ec2:CreateTags action", "^Allow ec2:CreateTags in an IAM policy"),
        ("with an explicit deny in an identity-based policy", "Deny statement .*ec2:CreateTags"),
        ("with an explicit deny", "Deny statement .*ec2:CreateTags"),
        ("with an explicit deny in a service control policy", "service control policy .*ec2:CreateTags.*organization"),
        (
            "because no service control policy allows the ec2:CreateTags action",
            "service control policy .*ec2:CreateTags",
        ),
        ("with an explicit deny in a resource control policy", "resource control policy .*ec2:CreateTags"),
        (
            "because no permissions boundary allows the ec2:CreateTags action",
            "permissions boundary .*change the boundary",
        ),
        ("with an explicit deny in a permissions boundary", "permissions boundary .*change the boundary"),
        ("because no session policy allows the ec2:CreateTags action", "session policy .*ec2:CreateTags"),
        ("because no VPC endpoint policy allows the ec2:CreateTags action", "policy of the VPC endpoint"),
    ],
)
def test_denied_call_names_the_policy_and_the_action(code, reason, pattern):
    error = refused(code, f"{DENIED}{reason}")
    assert re.search(pattern, find_remedy(error)), find_remedy(error)
    assert "It needs ec2:CreateTrafficMirrorSession on eni-1, tmf-1." in format_error(error, CREATE)
    if "identity-based policy allows" not in reason:
        assert "Allow ec2:" not in find_remedy(error)


@pytest.mark.parametrize(
    ("reason", "pattern"),
    [
        ("", "cannot be assumed: allow sts:AssumeRole on the role .*trust policy"),
        (" because no identity-based policy allows the sts:AssumeRole action", "cannot be assumed.*trust policy"),
        (" because no resource-based policy allows the sts:AssumeRole action", "cannot be assumed.*trust policy"),
        (" with an explicit deny in a service control policy", "service control policy .*sts:AssumeRole"),
    ],
)
def test_role_that_cannot_be_assumed_is_no_matter_of_ec2(reason, pattern):
    error = refused("AccessDenied", ROLE + reason, sent=False)
    text = format_error(error, CREATE)
    assert re.search(pattern, text), text
    assert "It needs" not in text and "ec2:" not in text


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        ("Invalid header value ***", "A credential has a line break"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "aws_ca_bundle"),
        ("Could not find a suitable TLS CA certificate bundle, invalid path: /x", "aws_ca_bundle"),
    ],
)
def test_text_tells_more_than_the_code(message, pattern):
    assert re.search(pattern, find_remedy(refused("HTTPClientError", message, sent=False)))


@pytest.mark.parametrize(
    ("operation", "action"),
    [("AssumeRole", "sts:AssumeRole"), ("AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity")],
)
def test_denied_call_of_another_service_names_that_service(operation, action):
    text = f"An error occurred (AccessDenied) when calling the {operation} operation: Access denied"
    assert f"allow {action} on the role" in format_error(refused("AccessDenied", text, sent=False), CREATE)


@pytest.mark.parametrize("operation", ["CreateTrafficMirrorSession", "DescribeTrafficMirrorSessions"])
def test_reply_that_is_not_of_ec2_names_the_proxy(operation):
    text = format_error(Ec2Error(operation, "", "the reply is not EC2's: HTTP status 502."))
    assert "check endpoint_url, HTTPS_PROXY and NO_PROXY." in text
    assert text.endswith("Then rerun the task; it detects whether EC2 completed the call.") == operation.startswith("C")


def test_taken_session_number_has_no_documented_code():
    text = find_remedy(refused("InvalidParameterValue", "session number 1 is already being used"))
    assert "choose another session_number" in text


def test_long_details_of_a_denied_call_are_omitted():
    text = format_error(
        refused("UnauthorizedOperation", f"no. Encoded authorization failure message: {'x' * 999}"), CREATE
    )
    assert "xx" not in text and ": no. It needs" in text


def test_client_that_cannot_be_created():
    text = format_error(Ec2Error("", "ProfileNotFound", "The config profile (x) could not be found", sent=False))
    assert text.startswith("The EC2 client could not be created: ProfileNotFound: The config profile (x) could not be")
    assert "Correct profile" in text


def test_remedies_are_sentences_and_name_no_unknown_key():
    for code, remedy in REMEDIES.items():
        assert remedy.endswith(".") and remedy.isprintable() and len(remedy) < 330, code
        assert canonical_code(code) in REMEDIES, code


def test_unknown_code_has_no_remedy():
    assert find_remedy(refused("SomethingNew")) == ""
