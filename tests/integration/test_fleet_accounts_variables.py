# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook vtap.aws.fleet_accounts: the variables of a host, credentials, connections."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.integration.conftest import PLACE
from tests.integration.fleet_accounts import (
    CREATED,
    DATA,
    FLEET,
    IMPORTED,
    WEB,
    documented_policy,
    fleet_with,
    host,
    local,
    sessions,
)

# The options of amazon.aws with credentials, and their aliases.
ACCESS_KEYS = ("access_key", "aws_access_key", "aws_access_key_id")
SECRET_KEYS = ("secret_key", "aws_secret_key", "aws_secret_access_key")
TOKENS, PROFILES = ("session_token", "aws_session_token"), ("profile", "aws_profile")
# Names that older releases of amazon.aws accepted, or that look like these options.
UNKNOWN_CREDENTIALS = ("ec2_access_key", "ec2_secret_key", "security_token", "Secret_Key", "aws_secert_key")
SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"


KEYS = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": SECRET}
ROLE = {"vtap_role_arn": f"arn:aws:iam::{DATA}:role/mirror"}
# The variables of a host in addition to local(), and the beginning of the message.
INVALID = {
    "empty-region": ({"vtap_region": "", **ROLE}, "vtap_region is not set. "),
    "undefined-region": ({"vtap_region": "{{ nothing }}", **ROLE}, "Cannot evaluate the variables: "),
    "no-fleet": ({"vtap_fleet": None}, "vtap_fleet is not set. "),
    "empty-fleet": ({"vtap_fleet": {}}, "vtap_fleet is not set. "),
    "text": ({"vtap_fleet": "ids-prod"}, "vtap_fleet must be a dictionary "),
    "list": ({"vtap_fleet": [FLEET]}, "vtap_fleet must be a dictionary "),
    "number-key": ({"vtap_fleet": {**FLEET, **KEYS, 80: "on"}}, "vtap_fleet must be a dictionary "),
    "no-name": ({"vtap_fleet": {"sources": [], **KEYS}}, "vtap_fleet.name is not set. "),
    # A host without account must not use the account of the caller.
    "undefined-role": ({"vtap_role_arn": "arn:aws:iam::{{ nothing }}:role/x"}, "Cannot evaluate the variables: "),
    "empty-role": ({"vtap_role_arn": ""}, "vtap_role_arn is empty. "),
    "no-role-value": ({"vtap_role_arn": None}, "vtap_role_arn is empty. "),
    "undefined-id": ({"vtap_external_id": "{{ nothing }}", **ROLE}, ""),
    "undefined-option": ({"vtap_fleet": fleet_with(description="{{ nothing }}")}, "Cannot evaluate the variables: "),
    # With the error, Ansible would print the lines of the inventory.
    "undefined-with-keys": (
        {"vtap_fleet": fleet_with(**KEYS, description="{{ nothing }}")},
        "Cannot evaluate vtap_fleet: ",
    ),
    "syntax-error": ({"vtap_fleet": fleet_with(description="{{ nothing")}, "Cannot evaluate the variables: "),
    "no-keys": (
        {"vtap_fleet": fleet_with(access_key="", secret_key="")},
        "vtap_fleet has incomplete credentials (access_key, secret_key). ",
    ),
    "half": (
        {"vtap_fleet": fleet_with(aws_access_key="AKIAIOSFODNN7EXAMPLE")},
        "vtap_fleet has incomplete credentials (aws_access_key). ",
    ),
    "only-token": (
        {"vtap_fleet": fleet_with(session_token=SECRET)},
        "vtap_fleet has incomplete credentials (session_token). ",
    ),
    **{
        f"{option}-{value}": (
            {"vtap_fleet": fleet_with(**{option: value})},
            "The region in vtap_fleet differs from vtap_region (us-east-1). ",
        )
        for option, value in (("region", "eu-west-1"), ("aws_region", "eu-west-1"), ("aws_region", None))
    },
    **{
        f"{option}-{value is None}": (
            {"vtap_fleet": fleet_with(**{option: value}), **ROLE},
            f"vtap_fleet has credentials ({option}), and vtap_role_arn is set. ",
        )
        for option in (*ACCESS_KEYS, *SECRET_KEYS, *TOKENS, *PROFILES)
        # In Ansible, a null alias wins over the option.
        for value in (SECRET, None)
    },
    **{
        option: ({"vtap_fleet": fleet_with(**{option: SECRET})}, f"vtap_fleet has unknown options: {option}. ")
        for option in UNKNOWN_CREDENTIALS
    },
}


def test_invalid_variables(fleets, accounts):
    """A host with invalid variables fails before any call. No message has a secret, whatever the verbosity."""
    hosts = {"no-region": ROLE, **{name: local(**variables) for name, (variables, _message) in INVALID.items()}}
    done = fleets(hosts, "-vvvv", "--diff")
    assert done.returncode == 2 and SECRET not in done.text, done.text
    assert not accounts.log()
    expected = {
        "no-region": "vtap_region is not set. ",
        **{name: message for name, (_variables, message) in INVALID.items()},
    }
    wrong = {name: done.messages[name] for name in hosts if not done.messages[name].startswith(expected[name])}
    assert not wrong
    for name in ("undefined-region", "undefined-role", "undefined-id", "undefined-option"):
        assert "'nothing' is undefined" in done.messages[name]
    assert done.sums[0].startswith(f"0 of {len(hosts)} hosts: 0 of 0 mirrored; ")
    assert done.stats["failed"] == list(hosts)


def test_list_of_credential_options():
    """The playbook and this test know all options of the installed amazon.aws with credentials."""
    fragments = PLACE / "collections/ansible_collections/amazon/aws/plugins/doc_fragments/common.py"
    scope = {}
    exec(fragments.read_text(), scope)
    options = yaml.safe_load(scope["ModuleDocFragment"].MODULES)["options"]
    for name, known in zip(
        ("access_key", "secret_key", "session_token", "profile"), (ACCESS_KEYS, SECRET_KEYS, TOKENS, PROFILES)
    ):
        assert {name, *options[name]["aliases"]} == set(known)
    alike = {one for name, option in options.items() for one in (name, *option.get("aliases", ()))}
    others = alike.difference(ACCESS_KEYS, SECRET_KEYS, TOKENS, PROFILES)
    assert not [one for one in others if re.search("access|secret|token|profile|key|credential", one)]


def test_credentials_of_a_host_are_used(fleets, accounts, monkeypatch, tmp_path):
    """Credentials in vtap_fleet are used or refused, never replaced by those of the caller."""
    user = accounts.user(documented_policy(WEB), account=WEB)
    access_key, secret_key = user["AWS_ACCESS_KEY_ID"], user["AWS_SECRET_ACCESS_KEY"]
    file = tmp_path / "credentials"
    file.write_text(f"[web]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n")
    monkeypatch.setitem(accounts.env, "AWS_SHARED_CREDENTIALS_FILE", str(file))
    no_keys = {"access_key": "", "secret_key": ""}
    hosts = {
        **{one: local(vtap_fleet=fleet_with(**{one: access_key, "secret_key": secret_key})) for one in ACCESS_KEYS},
        **{one: local(vtap_fleet=fleet_with(**{"access_key": access_key, one: secret_key})) for one in SECRET_KEYS},
        **{one: local(vtap_fleet=fleet_with(**{one: "web"}, **no_keys)) for one in PROFILES},
        # The environment of the caller has keys.
        "profile-and-keys": local(vtap_fleet=fleet_with(profile="web")),
    }
    accounts.clear_log()
    done = fleets(hosts, "--check", "-vvvv")
    assert done.stats["failed"] == ["profile-and-keys"], done.text
    assert "Passing both a profile and access tokens is not supported" in done.messages["profile-and-keys"]
    calls = {(call["account"], call["action"]) for call in accounts.log()}
    assert (WEB, "DescribeTrafficMirrorSessions") in calls
    assert {account for account, _call in calls} == {WEB}
    assert secret_key not in done.text


def test_settings_of_the_inventory(fleets, accounts):
    """The playbook ignores connections of other hosts, and its variables do not replace those of the inventory."""
    names = ("region", "counts", "run", "sums", "given", "missing", "hosts", "pattern", "account")
    hosts = {
        "remote": local(ansible_connection="ssh", ansible_host="192.0.2.1", ansible_become=True),
        "names": {
            **{name: f"value-{name}" for name in names},
            "region": "eu-west-1",
            "account": DATA,
            "vtap_region": "{{ region }}",
            "vtap_role_arn": "arn:aws:iam::{{ account }}:role/mirror",
            "vtap_fleet": fleet_with(description=" ".join(f"{{{{ {name} }}}}" for name in names)),
        },
        "unknown": local(vtap_fleet=fleet_with(max_deletions=1, access_key="AKIAIOSFODNN7EXAMPLE", secret_key=SECRET)),
        # No folder for temporary files: Ansible reports an unreachable host.
        "unreachable": local(ansible_remote_tmp="/dev/null/tmp", ansible_pipelining=False),
        "unreachable-role": host(DATA, "us-east-1", ansible_remote_tmp="/dev/null/tmp", ansible_pipelining=False),
    }
    done = fleets(hosts, "-vvvv", playbook=IMPORTED, as_user=True)
    assert done.lines == {
        "remote": f"us-east-1: {CREATED}",
        "names": f"eu-west-1: {CREATED}",
        "unknown": "us-east-1",
        "unreachable": "us-east-1",
        "unreachable-role": "us-east-1",
    }, done.text
    assert done.stats["failed"] == ["unknown", "unreachable", "unreachable-role"]
    description = sessions(accounts, DATA, "eu-west-1")[0]["Description"]
    assert description == f"eu-west-1 {' '.join(f'value-{name}' for name in names[1:-1])} {DATA}"
    assert "Unsupported parameters" in done.messages["unknown"] and ": max_deletions. " in done.messages["unknown"]
    assert SECRET not in done.text
    for name in ("unreachable", "unreachable-role"):
        assert "Failed to create temporary directory" in done.messages[name]


def test_broken_interpreter(fleets, accounts):
    done = fleets(
        {"local": local(), "role": host(DATA, "us-east-1")},
        "-e",
        "ansible_python_interpreter=/none/python",
        playbook=IMPORTED,
        as_user=True,
    )
    assert done.returncode == 2 and done.stats["failed"] == ["local", "role"], done.text
    assert set(done.lines) == {"local", "role"}
    assert all("/none/python" in message for message in done.messages.values())
    assert not accounts.log()


WITH_KEYS = f"""{IMPORTED}
- name: Store the credentials for the test
  hosts: mirrored
  gather_facts: false
  tasks:
    - name: Write the credentials
      ansible.builtin.copy:
        content: "{{{{ vtap_role.sts_creds | to_json }}}}"
        dest: "{{{{ inventory_dir }}}}/{{{{ inventory_hostname }}}}.json"
        mode: "0600"
      no_log: true
"""


@pytest.mark.usefixtures("accounts")
def test_output_has_no_credentials(fleets, tmp_path):
    hosts = {
        "ok": host(DATA, "eu-west-1"),
        "over-limit": host(DATA, "us-east-1", vtap_fleet={**FLEET, "max_creates": 3}),
    }
    done = fleets(hosts, "-vvvv", "--diff", playbook=WITH_KEYS, as_user=True)
    assert done.sums[-1] == "1 of 2 hosts failed: over-limit", done.text
    keys = json.loads((tmp_path / "ok.json").read_text())
    assert keys["access_key"] in done.text, "the -vvvv of a task shows its options"
    assert keys["secret_key"] not in done.text and keys["session_token"] not in done.text
    # The session token of the failed host is not available; all session tokens of moto have the same prefix.
    assert keys["session_token"][:17] not in done.text


def test_host_without_role_credentials_makes_no_call(fleets, accounts):
    """The playbook must not use the account of the caller instead of the account of the role."""
    done = fleets({"data": host(DATA, "us-east-1")}, "--start-at-task", "Manage the fleet")
    assert done.returncode == 2 and done.sums[-1] == "1 of 1 hosts failed: data", done.text
    assert "'vtap_role' is undefined" in done.text
    assert not accounts.log()
