# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ids that EC2 assigns later. Check mode returns placeholders for them, and accepts these placeholders as options."""

from __future__ import annotations

import abc
import re
from dataclasses import dataclass
from typing import Any

# The ids of interfaces and endpoints, which these modules do not create, have no placeholders.
_PLACEHOLDER = re.compile(r"(tms|tmf|tmt|tmfr)-\(known after apply: (.*)\)", re.DOTALL)


class UnassignedId(abc.ABC):
    """An id that EC2 has not assigned yet."""

    @property
    @abc.abstractmethod
    def placeholder(self) -> str:
        """The text that stands for the id in results."""


@dataclass(frozen=True)
class UnresolvedRef(UnassignedId):
    """The id, in check mode, of a resource that an earlier task is assumed to create.

    name: what identifies the resource, usually its Name tag. prefix: of the resource type's ids. registered: whether
    the task has the placeholder as an id, instead of the name.
    """

    name: str
    prefix: str
    registered: bool = False

    @property
    def placeholder(self) -> str:
        """The placeholder, which all modules accept in check mode."""
        return f"{self.prefix}-(known after apply: {self.name})"

    def __str__(self) -> str:
        return self.placeholder


def parse_placeholder(value: Any, prefix: str) -> UnresolvedRef | None:
    """Return the reference of a placeholder for ids with this prefix, None for any other value."""
    found = _PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
    return UnresolvedRef(found[2], prefix, registered=True) if found and found[1] == prefix else None


def is_placeholder(value: Any) -> bool:
    """Whether the value is a placeholder for an id of any resource type."""
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def outside_check_mode(option: str, value: Any) -> str:
    """Return the message for a placeholder outside check mode."""
    return (
        f"{option}: {value} is a placeholder that check mode returned for an id. Outside check mode, use the id that "
        "EC2 assigned."
    )


def with_placeholders(value: Any) -> Any:
    """Return the value with each UnassignedId in dicts and lists replaced by its placeholder."""
    if isinstance(value, dict):
        return {key: with_placeholders(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [with_placeholders(one) for one in value]
    return value.placeholder if isinstance(value, UnassignedId) else value
