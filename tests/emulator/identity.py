# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is calling, and where: account, access key, region and service from a SigV4 request. Standard library only."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_ACCOUNT = "123456789012"
SECRET_KEY = "emulator-secret-key"
_CREDENTIAL = re.compile(r"Credential=([^/\s,]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_KEY = re.compile(r"A[KS]IA[A-Z2-7]{16}")
# The access key of AWS's own documentation decodes to a real-looking account; people paste it as a placeholder.
_PLACEHOLDERS = {"AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"}


@dataclass(frozen=True)
class Caller:
    """The signer of a request. key, region and service are "" if it was not signed."""

    account: str
    key: str
    region: str
    service: str


def access_key(account: str) -> str:
    """A 20-character access key that decodes to the account (12 digits), by the layout real keys have."""
    if not re.fullmatch(r"\d{12}", account):
        raise ValueError(f"not a 12-digit account: {account!r}")
    number = (1 << 47) | (int(account) << 7)
    return "AKIA" + base64.b32encode(number.to_bytes(6, "big") + bytes(4)).decode()


def account_of(key: str, named: Mapping[str, str]) -> str:
    """The account of an access key: as named by the knob, else decoded from it, else the default."""
    if key in named:
        return named[key]
    if _KEY.fullmatch(key) and key not in _PLACEHOLDERS:
        number = (int.from_bytes(base64.b32decode(key[4:])[:6], "big") & 0x7FFFFFFFFF80) >> 7
        if 0 < number < 10**12:
            return f"{number:012d}"
    return DEFAULT_ACCOUNT


def caller(authorization: str, named: Mapping[str, str]) -> Caller:
    """The caller behind an Authorization header; the signature itself is not verified."""
    match = _CREDENTIAL.search(authorization)
    if not match:
        return Caller(DEFAULT_ACCOUNT, "", "", "")
    key, region, service = match.groups()
    return Caller(account_of(key, named), key, region, service)


def partition(region: str) -> str:
    """The ARN partition of a region."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
