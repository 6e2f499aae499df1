# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls of other services: limits of a request, load balancers that do not exist, failures without secrets."""

from __future__ import annotations

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._ec2.services import LOAD_BALANCING, MONITORING, Services
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st


class Client:
    """A client of C(elbv2) with these load balancers. error: raised by each call. requests: the ARNs of each call."""

    def __init__(self, states=(), error=None):
        self.states, self.error, self.requests = dict(states), error, []

    def describe_load_balancers(self, **params):
        arns = params.get("LoadBalancerArns")
        self.requests.append(arns)
        if self.error is not None:
            raise self.error
        # Limits of the API: 1 to 20 ARNs, and one that does not exist is an error for the whole request.
        assert list(params) == ["LoadBalancerArns"] and 1 <= len(arns) <= 20
        if not set(arns) <= self.states.keys():
            raise refuse("LoadBalancerNotFound")
        rows = [{"LoadBalancerArn": arn, "State": {"Code": self.states[arn]}} for arn in arns]
        return {"LoadBalancers": rows}


def refuse(code, message="no"):
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeLoadBalancers")


def read(client, arns):
    rows = Services(lambda _service: client).load_balancers(arns)
    return {arn: row["State"]["Code"] for arn, row in rows.items()}


STATES = st.dictionaries(st.integers(0, 60), st.sampled_from(["active", "active_impaired", "provisioning", "failed"]))


@given(STATES, st.sets(st.integers(0, 60)))
def test_states_of_those_that_exist(states, arns):
    client = Client(states)
    assert read(client, sorted(arns)) == {arn: state for arn, state in states.items() if arn in arns}


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (1, 1), (20, 1), (21, 2), (100, 5)])
def test_twenty_load_balancers_per_request(count, requests):
    client = Client(dict.fromkeys(range(count), "active"))
    read(client, range(count))
    assert len(client.requests) == requests


def test_only_the_request_with_a_missing_load_balancer_is_repeated():
    client = Client({arn: "active" for arn in range(60) if arn != 25})
    assert len(read(client, range(60))) == 59 and len(client.requests) == 3 + 20


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refuse("AccessDenied", "secret"), "AccessDenied"),
        (refuse("Throttling", "secret"), "Throttling"),
        (EndpointConnectionError(endpoint_url="https://secret"), "EndpointConnectionError"),
        (ValueError("secret"), "ValueError"),
    ],
)
def test_failure_has_a_code_and_no_details(error, code):
    with pytest.raises(Ec2Error) as failure:
        read(Client(error=error), range(30))
    assert (failure.value.operation, failure.value.code) == ("DescribeLoadBalancers", code)
    assert "secret" not in str(failure.value)
    # The traceback of an exception shows its cause and context.
    assert failure.value.__cause__ is failure.value.__context__ is None


@pytest.mark.parametrize("reply", [{}, {"LoadBalancers": None}, None])
def test_reply_of_a_proxy_is_a_failure(reply):
    client = Client()
    client.describe_load_balancers = lambda **_params: reply
    with pytest.raises(Ec2Error, match="DescribeLoadBalancers: "):
        read(client, ["a"])


def test_client_that_cannot_be_created_is_a_failure():
    """For example, a wrong endpoint of this service in the environment."""

    def create_client(_service):
        raise ValueError("Invalid endpoint: secret")

    with pytest.raises(Ec2Error) as failure:
        Services(create_client).load_balancers(["a"])
    assert failure.value.code == "ValueError" and not failure.value.sent and "secret" not in str(failure.value)
    assert failure.value.__cause__ is failure.value.__context__ is None


class Pages:
    """A client whose calls return these pages, by the token of the request."""

    def __init__(self, pages, token):
        self.pages, self.token = pages, token

    def _page(self, **params):
        assert set(params) <= {self.token, "LoadBalancerArn", "MetricDataQueries"}
        return self.pages[params.get(self.token)]

    describe_listeners = get_metric_data = _page


@pytest.mark.parametrize(
    ("service", "operation", "member", "sent", "received"),
    [
        (LOAD_BALANCING, "DescribeListeners", "Listeners", "Marker", "NextMarker"),
        (MONITORING, "GetMetricData", "MetricDataResults", "NextToken", "NextToken"),
    ],
)
def test_all_pages_are_read(service, operation, member, sent, received):
    pages = {None: {member: [1, 2], received: "a"}, "a": {member: [], received: "b"}, "b": {member: [3]}}
    assert Services(lambda _service: Pages(pages, sent)).pages(service, operation, member) == [1, 2, 3]


@pytest.mark.parametrize("reply", [{}, {"Listeners": None}, {"MetricDataResults": []}, "<html>"])
def test_a_reply_without_rows_is_an_error(reply):
    services = Services(lambda _service: Pages({None: reply}, "Marker"))
    with pytest.raises(Ec2Error) as error:
        services.pages(LOAD_BALANCING, "DescribeListeners", "Listeners")
    assert error.value.code == "InvalidReply"


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_denied_calls_of_other_services(code):
    with pytest.raises(Ec2Error) as error:
        Services(lambda _service: Client(error=refuse(code))).load_balancers(["arn"])
    assert error.value.denied
