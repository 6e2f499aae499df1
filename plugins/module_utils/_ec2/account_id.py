# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account number in an access key."""

from __future__ import annotations

import base64
import binascii


def account_of(access_key: str) -> str | None:
    """The account number (12 digits) that an access key holds, None if it has not the form of one that does.

    After Tal Be'ery, "A short note on AWS key ID": C(AKIA) or C(ASIA), then 16 base32 characters whose bits 1 to 40
    are the number. Keys from before 2019 have other bits there.
    """
    if len(access_key) != 20 or access_key[:4] not in ("AKIA", "ASIA"):
        return None
    try:
        bits = int.from_bytes(base64.b32decode(access_key[4:])[:6], "big")
    except binascii.Error:
        return None
    return f"{(bits & 0x7FFFFFFFFF80) >> 7:012d}"
