# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A range of session numbers or of VNIs that a fleet may use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .._model.errors import ValidationError
from .._model.resource_types import Field
from .._model.text import quote


@dataclass(frozen=True)
class NumberRange:
    """The numbers that a fleet may use, both inclusive."""

    lowest: int
    highest: int

    @classmethod
    def parse(cls, option: str, text: str, field: Field) -> NumberRange:
        """Parse C(1-3) or C(5). field: has the range of one number. Raises ValidationError."""
        match = re.fullmatch(r"\s*([0-9]{1,8})\s*(?:-\s*([0-9]{1,8})\s*)?", text)
        lowest, highest = (int(match.group(1)), int(match.group(2) or match.group(1))) if match else (0, -1)
        if not (field.minimum or 0) <= lowest <= highest <= (field.maximum or 0):
            raise ValidationError(
                f"{option} must be a number or LOWEST-HIGHEST within {field.range()}, not {quote(text)}."
            )
        return cls(lowest, highest)

    @property
    def size(self) -> int:
        """The number of numbers in the range."""
        return self.highest - self.lowest + 1

    def find_free(self, used: Iterable[int]) -> int | None:
        """The lowest number that is not used, None if all are."""
        unavailable = set(used)
        return next((number for number in range(self.lowest, self.highest + 1) if number not in unavailable), None)

    def __contains__(self, number: int) -> bool:
        return self.lowest <= number <= self.highest

    def __str__(self) -> str:
        return f"{self.lowest}-{self.highest}" if self.lowest < self.highest else str(self.lowest)
