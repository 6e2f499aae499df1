# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The caller of a SigV4 request: account, access key, region and service. Standard library only."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_ACCOUNT = "123456789012"
SECRET_KEY = "emulator-secret-key"
_CREDENTIAL = re.compile(r"Credential=([^/\s,]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_KEY = re.compile(r"A[KS]IA[A-Z2-7]{16}")
# Placeholder keys of the AWS documentation, which would decode to an account id.
_PLACEHOLDERS = {"AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"}


@dataclass(frozen=True)
class Caller:
    """The signer of a request. key, region and service are "" if it was not signed."""

    account: str
    key: str
    region: str
    service: str


def access_key(account: str) -> str:
    """Return a 20-character access key that encodes the account (12 digits) in the layout of real access keys."""
    if not re.fullmatch(r"\d{12}", account):
        raise ValueError(f"not a 12-digit account: {account!r}")
    number = (1 << 47) | (int(account) << 7)
    return "AKIA" + base64.b32encode(number.to_bytes(6, "big") + bytes(4)).decode()


def account_of(key: str, accounts: Mapping[str, str]) -> str:
    """Return the account of an access key: from the accounts setting, else decoded from the key, else the default."""
    if key in accounts:
        return accounts[key]
    if _KEY.fullmatch(key) and key not in _PLACEHOLDERS:
        number = (int.from_bytes(base64.b32decode(key[4:])[:6], "big") & 0x7FFFFFFFFF80) >> 7
        if 0 < number < 10**12:
            return f"{number:012d}"
    return DEFAULT_ACCOUNT


def caller(authorization: str, accounts: Mapping[str, str]) -> Caller:
    """Return the caller of an Authorization header. The signature is not verified."""
    match = _CREDENTIAL.search(authorization)
    if not match:
        return Caller(DEFAULT_ACCOUNT, "", "", "")
    key, region, service = match.groups()
    return Caller(account_of(key, accounts), key, region, service)


def partition(region: str) -> str:
    """Return the ARN partition of a region."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
