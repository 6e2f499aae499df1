# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the emulator: quotas, supported instance types, denied actions, throttling, lag and faults.

quotas              {name: number}, see DEFAULTS
source_families     instance families whose interfaces can be mirrored
big_types           instance types with the larger quota of sources per target
accounts            {access key: account}; overrides the account that the key encodes
denied              [IAM action, with wildcards; or "action id" to deny only calls that contain the id]
throttle            "published", or {action: [bucket, refill per second]}; None: no throttling
lag                 {"reads": n, "seconds": t}: Describe returns the state before a change for the next n reads and t
                    seconds
interleave          [{"after": action, "calls": n (default 1), "do": [{"action", "parameters", "account", "region"}]}]:
                    the calls are sent once, after the nth following call of the action; default account and region: the
                    caller's
drop_replies        {action: n}: the next n calls are executed, then the connection is closed without a reply
fail                {action: [code, n]}: the next n calls fail with the code
rule_tags           whether DescribeTrafficMirrorFilters returns the tags of a filter's rules
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError

from . import wire


def _split(text: str) -> list[str]:
    return text.split()


# Instance families that can be mirrored, except bare metal sizes. The Traffic Mirroring guide used to list the
# unsupported Nitro families (M6i, C6a, R7g ...); it now lists the supported ones, including M4 to M7.
# Assumption: [supported-types] the exact list; tests can change the setting.
_FAMILIES = _split("""
a1 c4 c5 c5a c5ad c5d c5n c6a c6g c6gd c6gn c6i c6id c6in c7a c7g c7gd c7gn c7i d2 d3 d3en g3 g3s g4ad g4dn g5 h1 i3
i3en i4i im4gn inf1 is4gen m4 m5 m5a m5ad m5d m5dn m5n m5zn m6a m6g m6gd m6i m6id m6idn m6in m7a m7g m7gd m7i
m7i-flex p2 p3 p3dn p4d r4 r5 r5a r5ad r5b r5d r5dn r5n r6a r6g r6gd r6i r6id r6idn r6in r7a r7g r7gd r7i r7iz t3
t3a t4g u-6tb1 u-9tb1 u-12tb1 x1 x1e x2gd z1d
""")

# Instance types whose targets accept 100 sources instead of 10. The guide lists the largest sizes.
# Assumption: [big-types] the exact list; tests can change the setting.
_BIG = _split("""
c5.24xlarge c5d.24xlarge c5n.18xlarge c6g.16xlarge m5.24xlarge m5a.24xlarge m5d.24xlarge m5dn.24xlarge m5n.24xlarge
m6g.16xlarge r5.24xlarge r5d.24xlarge r5n.24xlarge i3en.24xlarge z1d.12xlarge
""")

DEFAULTS: dict[str, Any] = {
    "quotas": {
        "sessions": 10000,
        "targets": 10000,
        "filters": 10000,
        "sessions_per_interface": 3,
        "rules_per_filter": 10,
        "sources_per_target": 10,
        "sources_per_big_target": 100,
    },
    "source_families": _FAMILIES,
    "big_types": _BIG,
    "accounts": {},
    "denied": [],
    "throttle": None,
    "lag": {"reads": 0, "seconds": 0},
    "interleave": [],
    "drop_replies": {},
    "fail": {},
    "rule_tags": True,
}
# Settings whose values are merged with the defaults. Values of other settings replace the default.
_MERGED = ("quotas", "lag")
_TYPES: dict[str, tuple[type, ...]] = {
    name: (type(value),) if value is not None else (str, dict) for name, value in DEFAULTS.items()
}


class Settings:
    """The present values of all settings, in .values. See DEFAULTS for names and shapes."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = copy.deepcopy(DEFAULTS)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def reset(self) -> None:
        """Restore all defaults."""
        self.values = copy.deepcopy(DEFAULTS)

    def merge(self, given: Mapping[str, Any]) -> None:
        """Change the given settings; None restores a default. Raises ValueError, without changes, if one is invalid."""
        new = dict(self.values)
        for name, value in given.items():
            if name not in DEFAULTS:
                raise ValueError(f"unknown setting {name!r}; valid: {', '.join(DEFAULTS)}")
            new[name] = copy.deepcopy(DEFAULTS[name] if value is None else _checked(name, value))
        self.values = new


def _checked(name: str, value: Any) -> Any:
    if type(value) not in _TYPES[name]:
        raise ValueError(f"setting {name!r}: {value!r} is not of type {' or '.join(t.__name__ for t in _TYPES[name])}")
    if name == "throttle" and isinstance(value, str) and value != "published":
        raise ValueError("setting 'throttle' must be \"published\" or {action: [bucket, refill per second]}")
    if name in _MERGED:
        if unknown := set(value) - set(DEFAULTS[name]):
            raise ValueError(f"setting {name!r} has unknown keys {sorted(unknown)}")
        return {**DEFAULTS[name], **value}
    if name == "interleave":
        _check_interleave(value)
    if name == "fail" and any(not isinstance(v, list) or len(v) != 2 for v in value.values()):
        raise ValueError("setting 'fail' must be {action: [code, count]}")
    return value


def _check_interleave(items: list[dict[str, Any]]) -> None:
    for item in items:
        if "after" not in item or "do" not in item:
            raise ValueError("each item of setting 'interleave' requires 'after' and 'do'")
        for step in item["do"]:
            if wire.operation(step.get("action", "")) is None:
                raise ValueError(f"setting 'interleave': unknown action {step.get('action')!r}")
            try:
                wire.encode(step["action"], step.get("parameters", {}))
            except BotoCoreError as error:
                raise ValueError(f"setting 'interleave': {error}") from error
