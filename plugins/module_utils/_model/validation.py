# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation of option values without API calls."""

from __future__ import annotations

import re
from typing import Any

from .errors import ValidationError
from .text import quote, truncate

# Characters that XML 1.0, the format of EC2's replies, cannot represent. Some cannot be sent either.
_INVALID_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# EC2 ids: 17 hex digits, 8 in accounts that keep the old short form.
ID_DIGITS = r"(?:[0-9a-f]{8}|[0-9a-f]{17})"


def check_id(option: str, value: str, prefix: str) -> None:
    """Raise ValidationError unless the value has the format of an EC2 id with this prefix."""
    if not re.fullmatch(f"{prefix}-{ID_DIGITS}", value):
        raise ValidationError(f"{option} must be {prefix}- followed by 8 or 17 hexadecimal digits, not {quote(value)}.")


def check_text(option: str, value: str) -> None:
    """Raise ValidationError if the text has characters that EC2 cannot return."""
    invalid = _INVALID_CHARACTER.search(value)
    if invalid:
        raise ValidationError(f"{option} must not have the character {invalid[0]!r}, which EC2 cannot return.")


def check_not_boolean(option: str, key: str, value: Any) -> None:
    """Raise ValidationError for a boolean where EC2 has a text. YAML reads unquoted yes, no, on and off as booleans.

    option: the option with the value. key: the key of the value within the option.
    """
    if isinstance(value, bool):
        spellings = ("true", "yes") if value else ("false", "no")
        examples = " or ".join(f'{key}: "{spelling}"' for spelling in spellings)
        raise ValidationError(f"{option}: {key} is a boolean, and EC2 requires a string. Quote the value: {examples}.")


def check_string(option: str, key: str, value: Any) -> None:
    """Raise ValidationError for a boolean or a number where EC2 has a text.

    A number is not converted, because YAML does not keep its spelling: 010 is 8, and 1.10 is 1.1. option, key: see
    check_not_boolean.
    """
    check_not_boolean(option, key, value)
    if isinstance(value, (int, float)):
        raise ValidationError(
            f"{option}: {key} is a number, and EC2 requires a string. Quote the value, for example "
            f'{key}: "{truncate(value)}". In a template, use the filter string: {{{{ VALUE | string }}}}.'
        )


def check_number(option: str, value: float, lowest: float, highest: float | None = None, unit: str = "") -> None:
    """Raise ValidationError unless the value is in this inclusive range.

    highest: None for no maximum. unit: text after the range, such as " seconds". NaN and booleans are invalid.
    """
    if isinstance(value, bool) or not lowest <= value or (highest is not None and value > highest):
        allowed = f"{lowest} or more" if highest is None else f"{lowest} to {highest}"
        raise ValidationError(f"{option} must be {allowed}{unit}, not {truncate(value)}.")
