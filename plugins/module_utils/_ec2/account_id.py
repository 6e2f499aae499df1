# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decoding of the account id in an access key id.

It saves a call to STS in each task that changes a session or a target, because the owner must be compared with the
caller's account. The encoding is not documented, so the result may confirm an owner but never refuse one.
"""

from __future__ import annotations

import base64
import binascii


def decode_account_id(access_key: str) -> str | None:
    """Return the account id (12 digits) encoded in an access key id, or None if the key does not have that format.

    Source: Tal Be'ery, "A short note on AWS key ID": C(AKIA) or C(ASIA), then 16 base32 characters. Bits 1 to 40 are
    the account id. Keys created before 2019 do not encode the account id, so the result is wrong for them.
    """
    if len(access_key) != 20 or access_key[:4] not in ("AKIA", "ASIA"):
        return None
    try:
        bits = int.from_bytes(base64.b32decode(access_key[4:])[:6], "big")
    except binascii.Error:
        return None
    return f"{(bits & 0x7FFFFFFFFF80) >> 7:012d}"
