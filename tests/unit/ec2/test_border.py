# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that the SDK raises or returns becomes an Ec2Error that says whether EC2 may have carried out the call."""

from __future__ import annotations

import configparser
import contextlib
import http.client
import inspect
import socket
import ssl
import string
import time
import types

import botocore.exceptions
import botocore.parsers
import pytest
import urllib3.exceptions
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ConflictError, ValidationError
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ec2.canned import connect, normal, refused

CREATE, DESCRIBE = "CreateTrafficMirrorFilter", "DescribeTrafficMirrorFilters"
URL = "https://ec2.eu-west-1.amazonaws.com/"


@pytest.fixture(autouse=True)
def no_retry_delay(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture(scope="module")
def shared_connection():
    """Return an Ec2 and its HttpSession for all tests, because creating a client takes longer than a call."""
    return connect(normal(DESCRIBE))


@pytest.fixture
def connection(shared_connection):
    """Return the shared Ec2 and its HttpSession, which has no requests yet. The test sets the replies."""
    shared_connection[1].requests.clear()
    return shared_connection


@contextlib.contextmanager
def failing_signature(ec2, error):
    """Raise the error before the client signs a request."""

    def fail(**_):
        raise error

    ec2._client.meta.events.register_first("before-sign.ec2", fail)
    try:
        yield
    finally:
        ec2._client.meta.events.unregister("before-sign.ec2", fail)


def sdk_exceptions():
    """Return one exception of each class of botocore.exceptions, and others that calls raise."""
    found = []
    for _name, one in inspect.getmembers(botocore.exceptions, inspect.isclass):
        if not issubclass(one, Exception) or issubclass(one, Warning):
            continue
        if issubclass(one, botocore.exceptions.ClientError):
            found.append(one({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole"))
        elif hasattr(one, "fmt"):
            names = {field for _text, field, _spec, _conversion in string.Formatter().parse(one.fmt) if field}
            arguments = dict.fromkeys(names | ({"last_response"} if one.__name__ == "WaiterError" else set()), "x")
            found.append(one(**arguments))
        else:
            found.append(one("x"))
    return [
        *found,
        botocore.parsers.ResponseParserError("not well-formed"),
        urllib3.exceptions.ProtocolError("x"),
        http.client.IncompleteRead(b""),
        FileNotFoundError(2, "No such file", "/nowhere"),
        PermissionError(13, "Permission denied", "/root"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        configparser.ParsingError("credentials"),
        socket.gaierror(-2, "Name or service not known"),
        *(one("x") for one in (ValueError, KeyError, TypeError, AttributeError, RuntimeError, OSError, EOFError)),
    ]


@pytest.mark.parametrize("error", sdk_exceptions(), ids=lambda error: type(error).__name__)
def test_exception_before_the_request_means_not_sent(connection, error):
    """For example of a credential provider, of a file or of the validation of parameters."""
    ec2, session = connection
    with failing_signature(ec2, error), pytest.raises(Ec2Error) as caught:
        ec2.call(DESCRIBE)
    code = "AccessDenied" if isinstance(error, botocore.exceptions.ClientError) else type(error).__name__
    assert caught.value.code == code.removesuffix("Exception")
    assert not caught.value.sent and not caught.value.may_have_been_carried_out and not caught.value.no_response
    assert caught.value.region == "eu-west-1"
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert session.requests == []


NOT_CONNECTED = ("EndpointConnectionError", "ConnectTimeoutError")


@pytest.mark.parametrize("error", sdk_exceptions(), ids=lambda error: type(error).__name__)
def test_exception_after_the_request_means_unknown_unless_it_proves_otherwise(connection, error):
    ec2, session = connection
    session.replies = [error]
    with pytest.raises(Ec2Error) as caught:
        ec2.call(CREATE)
    assert len(session.requests) == 1
    if isinstance(error, botocore.exceptions.ClientError):  # of a credential provider; botocore's session raises none
        return
    assert caught.value.may_have_been_carried_out is (type(error).__name__ not in NOT_CONNECTED), caught.value
    assert caught.value.sent is caught.value.no_response is caught.value.may_have_been_carried_out


def proxy_error(cause):
    return ProxyConnectionError(
        proxy_url="http://proxy", error=urllib3.exceptions.ProxyError("Cannot connect to proxy.", cause)
    )


@pytest.mark.parametrize(
    ("error", "may_have"),
    [
        (EndpointConnectionError(endpoint_url=URL), False),
        (ConnectTimeoutError(endpoint_url=URL), False),
        (proxy_error(urllib3.exceptions.NewConnectionError(None, "Failed to establish a new connection")), False),
        (proxy_error(OSError("Tunnel connection failed: 407 Proxy Authentication Required")), False),
        # urllib3 1.26 also wraps a connection that the proxy resets while EC2 works.
        (proxy_error(ConnectionResetError(104, "Connection reset by peer")), True),
        (SSLError(endpoint_url=URL, error=ssl.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")), False),
        (SSLError(endpoint_url=URL, error=FileNotFoundError(2, "No such file or directory")), False),
        (SSLError(endpoint_url=URL, error=ssl.SSLError("[SSL] decryption failed or bad record mac")), True),
        (HTTPClientError(error=ValueError("Invalid header value b'x\\n'")), False),
        (HTTPClientError(error=RuntimeError("x")), True),
        (ReadTimeoutError(endpoint_url=URL), True),
        (ConnectionClosedError(endpoint_url=URL), True),
    ],
)
def test_connection_error(error, may_have):
    ec2, _session = connect(error)
    with pytest.raises(Ec2Error) as caught:
        ec2.call(CREATE)
    assert caught.value.may_have_been_carried_out is may_have
    assert caught.value.sent is may_have


REPLIES_OF_PROXIES = [
    (status, body)
    for status in (200, 302, 403, 404, 500, 502, 503)
    for body in (
        "",
        "upstream connect error",
        "<html><head><title>Bad Gateway</title></head><body><br>Bad Gateway</body></html>",
        "<html><body>well-formed</body></html>",
        '<?xml version="1.0"?>\n<html><body>well-formed</body></html>',
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Err',
        "{}",
    )
]


@pytest.mark.parametrize("operation", [CREATE, DESCRIBE, "CreateTags", "DeleteTrafficMirrorFilter"])
@pytest.mark.parametrize("reply", REPLIES_OF_PROXIES)
def test_reply_of_a_proxy_is_no_response(connection, reply, operation):
    ec2, session = connection
    session.replies = [reply]
    params = {
        "CreateTags": {"Resources": ["tmf-1"], "Tags": [{"Key": "a", "Value": "b"}]},
        "DeleteTrafficMirrorFilter": {"TrafficMirrorFilterId": "tmf-1"},
    }
    with pytest.raises(Ec2Error) as caught:
        ec2.call(operation, **params.get(operation, {}))
    assert caught.value.no_response and caught.value.may_have_been_carried_out and caught.value.sent
    assert "reply is not EC2's" in caught.value.message and len(caught.value.message) < 300


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        (CREATE, ""),
        (CREATE, "<trafficMirrorFilter/>"),
        (CREATE, "<trafficMirrorFilter><description>x</description></trafficMirrorFilter>"),
        (DESCRIBE, ""),
        (DESCRIBE, "<trafficMirrorSessionSet/>"),
        ("DescribeInstances", "<networkInterfaceSet/>"),
    ],
)
def test_reply_without_its_members_is_no_response(operation, members):
    ec2, _session = connect(normal(operation, members))
    with pytest.raises(Ec2Error) as caught:
        ec2.call(operation)
    assert caught.value.no_response and caught.value.may_have_been_carried_out


def test_malformed_number_is_no_response():
    session = "<trafficMirrorSession><sessionNumber>one</sessionNumber></trafficMirrorSession>"
    ec2, _session = connect(normal("CreateTrafficMirrorSession", session))
    ids = dict.fromkeys(("NetworkInterfaceId", "TrafficMirrorTargetId", "TrafficMirrorFilterId"), "x")
    with pytest.raises(Ec2Error) as caught:
        ec2.call("CreateTrafficMirrorSession", SessionNumber=1, **ids)
    assert caught.value.may_have_been_carried_out


LOST = ReadTimeoutError(endpoint_url=URL)
DEAD = EndpointConnectionError(endpoint_url=URL)
BUSY, BROKEN = refused("RequestLimitExceeded", status=503), refused("InternalError", status=500)


@pytest.mark.parametrize(
    ("replies", "code", "may_have"),
    [
        ([refused("InvalidParameterValue")], "InvalidParameterValue", False),
        ([BUSY, refused("InvalidParameterValue")], "InvalidParameterValue", False),
        ([DEAD, refused("InvalidParameterValue")], "InvalidParameterValue", False),
        ([LOST, refused("InvalidParameterValue")], "InvalidParameterValue", True),
        ([BROKEN, refused("InvalidParameterValue")], "InvalidParameterValue", True),
        ([(502, ""), refused("InvalidParameterValue")], "InvalidParameterValue", True),
        ([BUSY], "RequestLimitExceeded", False),
        ([BROKEN], "InternalError", True),
        ([DEAD], "EndpointConnectionError", False),
        ([LOST, DEAD], "", True),
        ([DEAD, LOST], "", True),
        ([(502, ""), DEAD], "", True),
    ],
)
def test_all_attempts_of_a_call_count(replies, code, may_have):
    ec2, session = connect(*replies, attempts=2)
    with pytest.raises(Ec2Error) as caught:
        ec2.call(CREATE)
    assert (caught.value.code, caught.value.may_have_been_carried_out) == (code, may_have)
    assert caught.value.sent is (code != "EndpointConnectionError")
    # A later call of the same thread does not inherit attempts.
    session.replies = [refused("InvalidParameterValue")]
    with pytest.raises(Ec2Error) as again:
        ec2.call(CREATE)
    assert not again.value.may_have_been_carried_out


def test_lost_reply_before_expired_credentials_is_unknown():
    """The second attempt cannot be signed, but the first may have been carried out."""
    ec2, _session = connect(LOST, attempts=2)
    signed = []

    def expire(**_):
        signed.append(1)
        if len(signed) > 1:
            raise CredentialRetrievalError(provider="sso", error_msg="expired")

    ec2._client.meta.events.register_first("before-sign.ec2", expire)
    with pytest.raises(Ec2Error) as caught:
        ec2.call(CREATE)
    assert caught.value.may_have_been_carried_out and caught.value.no_response


def test_refusal_of_sts_is_not_a_refusal_of_ec2(connection):
    ec2, _session = connection
    refusal = {"Error": {"Code": "AccessDenied", "Message": "not authorized to perform: sts:AssumeRole"}}
    error = botocore.exceptions.ClientError(refusal, "AssumeRole")
    with failing_signature(ec2, error), pytest.raises(Ec2Error, match="calling the AssumeRole operation") as caught:
        ec2.call(DESCRIBE)
    assert (caught.value.code, caught.value.sent, caught.value.denied) == ("AccessDenied", False, True)


@pytest.mark.parametrize("error", [MemoryError(), RecursionError(), KeyboardInterrupt(), SystemExit()])
def test_errors_of_the_interpreter_are_not_ec2_errors(connection, error):
    with failing_signature(connection[0], error), pytest.raises(type(error)):
        connection[0].call(DESCRIBE)


def test_normal_reply_to_dry_run_stops_the_task():
    members = "<trafficMirrorFilter><trafficMirrorFilterId>tmf-1</trafficMirrorFilterId></trafficMirrorFilter>"
    ec2, _session = connect(normal(CREATE, members))
    for attempt in (lambda: ec2.dry_run(CREATE), lambda: ec2.call(CREATE, DryRun=True)):
        with pytest.raises(ConflictError, match=f"server carried out {CREATE} although the call had DryRun"):
            attempt()


def test_dry_run_returns_what_ec2_refuses():
    ec2, _session = connect(refused("DryRunOperation", status=412), refused("UnauthorizedOperation", status=403))
    assert ec2.dry_run(CREATE) is None
    assert ec2.dry_run(CREATE).denied


@pytest.mark.parametrize("read", ["interface", "instance"])
def test_read_by_id(read):
    kind, prefix = ("NetworkInterface", "eni-1") if read == "interface" else ("Instance", "i-1")
    rows = {
        "interface": "<networkInterfaceSet><item><networkInterfaceId>eni-2</networkInterfaceId></item>"
        "<item><networkInterfaceId>eni-1</networkInterfaceId></item></networkInterfaceSet>",
        "instance": "<reservationSet><item/><item><instancesSet><item><instanceId>i-1</instanceId></item>"
        "</instancesSet></item></reservationSet>",
    }
    empty = {"interface": "<networkInterfaceSet/>", "instance": "<reservationSet/>"}
    operation = f"Describe{kind}s"
    ec2, session = connect(
        normal(operation, rows[read]),
        normal(operation, empty[read]),
        refused(f"Invalid{kind}ID.NotFound"),
        refused("UnauthorizedOperation", status=403),
    )
    describe = getattr(ec2, read)
    assert describe(prefix) == {f"{kind}Id": prefix}
    assert describe(prefix) is describe(prefix) is None
    with pytest.raises(Ec2Error) as caught:
        describe(prefix)
    assert caught.value.denied and len(session.requests) == 4


@pytest.mark.parametrize(
    "failure", [LOST, KeyError("x"), ValueError("x"), botocore.parsers.ResponseParserError("html")]
)
def test_sts_is_called_once(failure):
    calls = []

    def create_client():
        calls.append(1)
        if isinstance(failure, ValueError):
            raise failure
        return types.SimpleNamespace(get_caller_identity=fail)

    def fail():
        raise failure

    ec2, _session = connect(normal(DESCRIBE))
    ec2._sts = create_client
    assert not ec2.is_foreign("123456789012") and not ec2.is_foreign("210987654321")
    assert len(calls) == 1


@given(st.sampled_from(["\n", "\r\n", " ", "\t", "\x00", "\xa0", "\u200b", "é"]), st.booleans(), st.integers(0, 2))
def test_credential_with_another_character_is_refused(character, at_end, position):
    values = ["AKIATCH6YDSYQAAAAAAA", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "token" * 20]
    secret = values[position]
    values[position] = secret + character if at_end else character + secret
    ec2, session = connect(normal(DESCRIBE), access_key=values[0], secret_key=values[1], token=values[2])
    with pytest.raises(ValidationError) as caught:
        ec2.call(DESCRIBE)
    assert str(caught.value).startswith(("access_key", "secret_key", "session_token")[position])
    assert secret not in str(caught.value) and session.requests == []
