# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replies that are not EC2's, expired credentials, and clients that cannot be created: each has one clear message."""

from __future__ import annotations

import json
import re

import pytest

from tests.integration import inprocess

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEAEaDKq/xN0+Zh3rL7bWqiK1AVq"
KEY = "AKIARZPUZDIKAAAAAAAA"
WEB = {
    "network_interface_id": "eni-0a1b2c3d4e5f60718",
    "session_number": 1,
    "traffic_mirror_filter_id": "tmf-0a1b2c3d4e5f60718",
    "traffic_mirror_target_id": "tmt-0a1b2c3d4e5f60718",
}
BODIES = ("html", "text", "empty", "cut")


@pytest.fixture(scope="module")
def modules():
    with inprocess.installed():
        yield


def sessions(emulator):
    return emulator.client().describe_traffic_mirror_sessions()["TrafficMirrorSessions"]


@pytest.mark.parametrize("status", [200, 403, 502])
@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.usefixtures("modules")
def test_reply_of_a_proxy_to_a_create(emulator, body, executed, status):
    """The task looks whether EC2 created the session, so that there is one session in the end."""
    emulator.settings(
        replace_replies={
            "CreateTrafficMirrorSession": {"count": 1, "status": status, "body": body, "executed": executed}
        }
    )
    done = inprocess.run("ec2_traffic_mirror_session", emulator.env, WEB)
    assert not done.get("failed") or "got no reply from EC2" in done["msg"], done
    assert done["changed"] or not executed
    again = inprocess.run("ec2_traffic_mirror_session", emulator.env, WEB)
    assert not again.get("failed") and len(sessions(emulator)) == 1, again


@pytest.mark.parametrize("status", [200, 403, 502])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("module", ["session", "session_info", "filter_info", "target_info"])
@pytest.mark.usefixtures("modules")
def test_reply_of_a_proxy_to_each_describe(emulator, module, body, status):
    """An HTML page never means that there are no resources."""
    emulator.settings(replace_replies={"*": {"count": 99, "status": status, "body": body}})
    done = inprocess.run(f"ec2_traffic_mirror_{module}", emulator.env, WEB if module == "session" else {})
    emulator.reset()
    assert done["failed"] and done["msg"].count("got no reply from EC2") == 1, done
    assert "the reply is not EC2's" in done["msg"] and "check endpoint_url" in done["msg"]
    assert "Traceback" not in json.dumps(done) and len(done["msg"]) < 600
    assert done["error"]["code"] == "" and not done.get("changed")


@pytest.mark.parametrize("calls", [0, 1, 2])
@pytest.mark.usefixtures("modules")
def test_credentials_expire(emulator, calls):
    emulator.settings(credential_calls=calls)
    options = {**WEB, "tags": {"a": "b"}}
    done = inprocess.run("ec2_traffic_mirror_session", emulator.env, options)
    emulator.settings(credential_calls=None)
    assert done.get("failed", False) is (calls < 2), done
    if calls < 2:
        assert "expired" in done["msg"].lower() and done["error"]["code"] in ("RequestExpired", "ExpiredToken"), done
    assert len(sessions(emulator)) == (calls == 2)


@pytest.mark.parametrize(
    ("missing", "failed", "start"), [(1, 0, "All changes were made, but the check"), (2, 1, "The check")]
)
@pytest.mark.usefixtures("modules")
def test_credentials_of_a_fleet_expire_before_the_last_calls(emulator, missing, failed, start):
    """The message states that all changes were made only if it is true."""
    options = {
        "name": "ids",
        "sources": [{"instance_types": ["c5.*"]}],
        "targets": [{"traffic_mirror_target_name": "lab-target"}],
        "traffic_mirror_filter_name": "lab-filter",
    }
    assert inprocess.run("ec2_traffic_mirror_fleet", emulator.env, options)["changed"]
    calls = len(emulator.log())
    emulator.reset()
    emulator.settings(credential_calls=calls - missing)
    done = inprocess.run("ec2_traffic_mirror_fleet", emulator.env, options)
    assert done["failed"] and done["changed"] and done["summary"]["failed"] == failed, done
    assert f"{start} for duplicates from a concurrent run failed: DescribeTrafficMirrorSessions failed" in done["msg"]
    assert done["error"]["operation"] == "DescribeTrafficMirrorSessions"


def configure(tmp_path, text, name="config"):
    """Write a file of the AWS SDK and return the environment variable for it."""
    path = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
    path.write_text(text)
    return {"AWS_CONFIG_FILE" if name == "config" else "AWS_SHARED_CREDENTIALS_FILE": str(path)}


def broken_environments(tmp_path):
    """Return, for each cause, the environment variables, the options and a pattern of the message."""
    profile = "[profile x]\nregion = eu-west-1\n"
    process = tmp_path / "process"
    process.write_text(f"#!/bin/sh\necho 'token {TOKEN} and {SECRET} are wrong' >&2\nexit 1\n")
    process.chmod(0o700)
    odd = tmp_path / "odd"
    odd.write_text(f'#!/bin/sh\necho \'{{"SecretAccessKey": "{SECRET}"\'\n')
    odd.chmod(0o700)
    cache = {"sso_start_url": "https://x", "sso_region": "eu-west-1", "sso_account_id": "1", "sso_role_name": "r"}
    sso = "".join(f"{name} = {value}\n" for name, value in cache.items())
    source = "[profile source]\naws_access_key_id = x\naws_secret_access_key = y\n"
    role = "role_arn = arn:aws:iam::123456789012:role/mirror\n"
    return {
        "profile": ({"AWS_PROFILE": "none"}, {}, "ProfileNotFound"),
        "malformed line": (configure(tmp_path, f"[x]\naws_secret_access_key {SECRET}\n", "credentials"), {}, "Parse"),
        "no text": ({"AWS_CONFIG_FILE": str(tmp_path / "binary")}, {}, "ConfigParseError|UnicodeDecodeError"),
        "process": (configure(tmp_path, f"{profile}credential_process = {process}\n"), {"profile": "x"}, "Credential"),
        "odd process": (configure(tmp_path, f"{profile}credential_process = {odd}\n"), {"profile": "x"}, "JSONDecode"),
        "no process": (configure(tmp_path, f"{profile}credential_process = /no\n"), {"profile": "x"}, "FileNotFound"),
        "token file": (
            configure(tmp_path, f"{profile}web_identity_token_file = /no\n{role}"),
            {"profile": "x"},
            "FileNotFoundError",
        ),
        "sso": (configure(tmp_path, profile + sso), {"profile": "x"}, "UnauthorizedSSOToken|SSOTokenLoad"),
        "role": (
            configure(tmp_path, f"{profile}source_profile = source\n{role}{source}"),
            {"profile": "x"},
            "EndpointConnection|ConnectTimeout|AccessDenied|InvalidClientTokenId|could not be sent",
        ),
        "no credentials": ({"AWS_EC2_METADATA_DISABLED": "true"}, {}, "NoCredentialsError"),
        "half": ({"AWS_ACCESS_KEY_ID": KEY}, {}, "PartialCredentialsError|aws_secret_access_key"),
        "endpoint": ({}, {"access_key": KEY, "secret_key": SECRET, "endpoint_url": "no url"}, "Invalid endpoint"),
        "region": ({}, {"access_key": KEY, "secret_key": SECRET, "region": "no region"}, "InvalidRegionError"),
        "CA bundle": (
            {"AWS_ENDPOINT_URL": "https://127.0.0.1:9"},
            {"access_key": KEY, "secret_key": SECRET, "aws_ca_bundle": "/no/ca.pem"},
            "EndpointConnectionError|SSLError|/no/ca.pem",
        ),
        "proxy": (
            {"HTTP_PROXY": f"http://user:{TOKEN.replace('/', '')}@127.0.0.1:9"},
            {"access_key": KEY, "secret_key": SECRET, "endpoint_url": "http://ec2.example.com"},
            "ProxyConnectionError",
        ),
        "newline": ({"AWS_SECRET_ACCESS_KEY": SECRET + "\n", "AWS_ACCESS_KEY_ID": KEY}, {}, "AWS_SECRET_ACCESS_KEY"),
        "newline in an option": (
            {},
            {"access_key": KEY, "secret_key": SECRET, "session_token": f"{TOKEN}\n"},
            "^session_token begins or ends with",
        ),
        "blank in a file": (
            configure(
                tmp_path, f"[x]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n  b\n", "credentials"
            ),
            {"profile": "x"},
            "^aws_secret_access_key in the shared credentials file has a blank",
        ),
    }


CAUSES = (
    *("profile", "malformed line", "no text", "process", "odd process", "no process", "token file", "sso", "role"),
    *("no credentials", "half", "endpoint", "region", "CA bundle", "proxy", "newline", "newline in an option"),
    "blank in a file",
)


def environment(emulator, tmp_path, added):
    (tmp_path / "binary").write_bytes(b"[x]\n\xff\xfe = \x00\n")
    env = {name: value for name, value in emulator.env.items() if "KEY" not in name and "TOKEN" not in name}
    return {**env, "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path), **added}


@pytest.mark.parametrize("config", [None, {"retries": {"max_attempts": 0}}])
@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.usefixtures("modules")
def test_call_that_cannot_be_made_has_one_message(emulator, monkeypatch, tmp_path, cause, config):
    variables, options, expected = broken_environments(tmp_path)[cause]
    for name, value in environment(emulator, tmp_path, variables).items():
        monkeypatch.setenv(name, value)  # inprocess.run sets only AWS_*
    env = {name: value for name, value in environment(emulator, tmp_path, variables).items() if name.startswith("AWS_")}
    if config:
        options = {**options, "aws_config": config}
    done = inprocess.run("ec2_traffic_mirror_session", env, {**WEB, **options})
    text = json.dumps({**done, "invocation": None})
    assert done["failed"] and not done.get("changed"), done
    assert re.search(expected, done["msg"]), (done["msg"], expected)
    assert "Traceback" not in text and done["msg"].isprintable()
    for secret in (SECRET, TOKEN, TOKEN.replace("/", "")):
        assert secret not in text and json.dumps(secret)[1:-1] not in text
    assert {entry["action"] for entry in emulator.log()} <= {"AssumeRole"}
