# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import html
import json
import string
import textwrap
import traceback
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._ec2.errors import Ec2Error
from ansible_collections.vtap.aws.plugins.module_utils._ec2.secrets import check_credentials, hide_secrets
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from botocore.exceptions import ClientError, CredentialRetrievalError, HTTPClientError
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.ec2.canned import connect, refused

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY=EXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzE" + "a+/b" * 60 + "=="
DESCRIBE = "DescribeTrafficMirrorFilters"
SPELLINGS = {
    "plain": str,
    "repr": repr,
    "bytes": lambda text: repr(text.encode()),
    "json": json.dumps,
    "xml": html.escape,
    "url": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "lower-case url": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "escaped": lambda text: text.encode("unicode_escape").decode(),
    "json with escaped slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "wrapped": lambda text: "\n".join(textwrap.wrap(text, 7, break_on_hyphens=False)),
    "wrapped in a literal": lambda text: repr("\n".join(textwrap.wrap(text, 7, break_on_hyphens=False))),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(
    st.text(alphabet=string.ascii_letters + string.digits + "/+=&<>%.-_~'\"\\", min_size=16, max_size=60),
    st.text(alphabet="([ ,", max_size=5),
)
@example(SECRET, "")
@example(TOKEN, "(")
def test_secret_is_hidden_in_each_spelling(spelling, secret, before):
    shown = SPELLINGS[spelling](secret)
    text = hide_secrets(f"{before}{shown} is not valid", [None, "", secret])
    assert shown not in text and text.endswith(" is not valid")


@pytest.mark.parametrize(
    "text",
    [
        f"Invalid header value b'{TOKEN}\\n'",
        f"aws_secret_access_key = {SECRET}",
        f"AWS_SECRET_ACCESS_KEY={SECRET}",
        f'{{"SecretAccessKey": "{SECRET}", "Version": 2}}',
        f"b'{{\\'SessionToken\\': \\'{SECRET}\\'}}'",
        f"<SecretAccessKey>{SECRET}</SecretAccessKey>",
        f"host:ec2.amazonaws.com\nx-amz-date:20260101T000000Z\nx-amz-security-token:{SECRET}\n\nhost",
        f"'X-Amz-Security-Token': b'{SECRET}'",
        f'Failed to connect to proxy URL: "http://user:{SECRET.replace("/", "")}@proxy:3128"',
    ],
)
def test_secrets_of_unknown_sources_are_hidden(text):
    """For example of a credential_process, whose output botocore quotes."""
    hidden = hide_secrets(text)
    assert SECRET not in hidden and TOKEN not in hidden and SECRET.replace("/", "") not in hidden
    assert "***" in hidden


@pytest.mark.parametrize(
    "text",
    [
        "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/x is not authorized",
        'Could not connect to the endpoint URL: "https://ec2.eu-west-1.amazonaws.com/"',
        "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        "The security token included in the request is expired",
        "Error when retrieving token from sso: Token has expired and refresh failed",
    ],
)
def test_texts_without_secrets_are_unchanged(text, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    assert hide_secrets(text, ["secret", SECRET]) == text


def failing_calls():
    """Return, for each way in which a secret gets into an exception, the reply and the handler of before-sign."""

    def fail(error):
        def handler(**_):
            raise error from ValueError(SECRET, TOKEN)

        return handler

    process = CredentialRetrievalError(provider="custom-process", error_msg=f"got {SECRET} and {TOKEN}")
    sts = ClientError({"Error": {"Code": "InvalidIdentityToken", "Message": f"token {TOKEN} invalid"}}, "AssumeRole")
    header = HTTPClientError(error=ValueError(f"Invalid header value b'{TOKEN}'"))
    canonical = f"The canonical string is &#39;x-amz-security-token:{TOKEN}&#39; with {quote(SECRET, safe='')}"
    return {
        "credential_process": (refused("X"), fail(process)),
        "STS": (refused("X"), fail(sts)),
        "header": (header, None),
        "EC2": (refused("SignatureDoesNotMatch", canonical, 403), None),
        "proxy": ((502, f"<html>{TOKEN} {SECRET}"), None),
        "proxy with status 403": ((403, f"no <html>{TOKEN} {SECRET}"), None),
    }


@pytest.mark.parametrize("way", failing_calls())
def test_no_secret_in_an_error_or_its_traceback(way, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)  # known before botocore has the credentials
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    reply, handler = failing_calls()[way]
    ec2, _session = connect(reply, secret_key=SECRET, token=TOKEN)
    if handler:
        ec2._client.meta.events.register_first("before-sign.ec2", handler)
    with pytest.raises(Ec2Error) as caught:
        ec2.call(DESCRIBE)
    printed = "".join(traceback.format_exception(caught.value))
    for secret in (SECRET, TOKEN, quote(SECRET, safe=""), "a+/ba+/ba+/b"):
        assert secret not in printed and secret not in caught.value.message and secret not in repr(caught.value)


METHODS = ["explicit", "env", "shared-credentials-file", "config-file", "custom-process"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("part", [0, 1, 2])
def test_message_names_the_source_of_a_credential(method, part, monkeypatch):
    values = ["AKIATCH6YDSYQAAAAAAA", SECRET, TOKEN]
    check_credentials(tuple(values), method)
    values[part] += "\n"
    if method == "env":
        monkeypatch.setenv(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")[part], values[part])
    with pytest.raises(ValidationError) as caught:
        check_credentials(tuple(values), method)
    option = ("access_key", "secret_key", "session_token")[part]
    key = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")[part]
    expected = {
        "explicit": option,
        "env": f"{option} (environment variable {key.upper()})",
        "shared-credentials-file": f"{key} in the shared credentials file",
        "config-file": f"{key} in the AWS config file",
        "custom-process": f"{option} from the credential provider custom-process",
    }
    assert str(caught.value).startswith(f"{expected[method]} begins or ends with a blank, a line break")
    assert values[part].strip() not in str(caught.value) and str(caught.value).isprintable()


def test_credentials_without_a_token_are_accepted():
    check_credentials(("AKIATCH6YDSYQAAAAAAA", SECRET, None), "env")
    check_credentials(("testing", "x", ""), "explicit")
