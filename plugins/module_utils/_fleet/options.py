# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a fleet, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .._model.errors import ValidationError
from .._model.resource_types import FILTER, SESSION, TARGET, ModuleParams
from .._model.tags import FLEET, TagRules, check_name
from .._model.text import quote
from .._model.validation import check_id, check_number
from .instance_types import SUPPORTED
from .selection import Selector, check_types, check_zones
from .target_assignment import NumberRange

# Traffic Mirroring guide, quotas: sessions per account, not adjustable; sources of an interface target of most types.
SESSIONS_PER_ACCOUNT = 10000
SOURCES_PER_INTERFACE_TARGET = 10
ACTIONS = ("create", "update", "unchanged", "delete", "skip")
# The keys of a result's summary. Not the actions: in a template, summary.update would be the method of a dictionary.
SUMMARY_KEYS = dict(zip(ACTIONS, ("created", "updated", "unchanged", "deleted", "skipped")))
LIMITS = {"max_creates": "create", "max_updates": "update", "max_deletes": "delete"}


@dataclass(frozen=True)
class Fleet:
    """What a task asks for.

    name: of the fleet. present: C(state). sources, exclude: see Selector. targets: what each entry says. values: the
    options of sessions that all have in common. tags: their tag rules, the mark among them. session_numbers: the
    session numbers. limits: as given, by option.
    """

    name: str
    present: bool
    sources: tuple[Selector, ...]
    exclude: tuple[Selector, ...]
    targets: tuple[ModuleParams, ...]
    values: ModuleParams
    tags: TagRules
    session_numbers: NumberRange
    adopt: bool
    purge: bool
    instance_types: tuple[str, ...]
    limits: dict[str, tuple[int, bool]]

    @classmethod
    def from_options(cls, params: ModuleParams) -> Fleet:
        """Raises ValidationError for options that cannot be right whatever EC2 holds."""
        name = params["name"]
        check_name("name", name)
        if params["traffic_mirror_filter_name"] is not None:
            check_name("traffic_mirror_filter_name", params["traffic_mirror_filter_name"])
        check_types("supported_instance_types", params["supported_instance_types"] or ())
        present = params["state"] == "present"
        if present:
            _check_needed(params)
        given = [one for one in SESSION.fields if params.get(one.option) is not None]
        return cls(
            name=name,
            present=present,
            sources=_selectors("sources", params),
            exclude=_selectors("exclude", params),
            targets=tuple(_target(f"targets[{at}]", given) for at, given in enumerate(params["targets"] or ())),
            values={one.option: one.parse(params[one.option]) for one in given},
            tags=replace(TagRules.from_options({**params, "name": None}), marks={FLEET: name}),
            session_numbers=NumberRange.parse(params["session_numbers"]),
            adopt=params["adopt"],
            purge=params["purge"],
            instance_types=tuple(params["supported_instance_types"] or SUPPORTED),
            limits={option: _limit(option, params[option]) for option in LIMITS if params[option] is not None},
        )


def _check_needed(params: ModuleParams) -> None:
    missing = [option for option in ("sources", "targets") if not params[option]]
    if params[FILTER.id_option] is None and params["traffic_mirror_filter_name"] is None:
        missing.append("traffic_mirror_filter_id or traffic_mirror_filter_name")
    if missing:
        raise ValidationError(f"state: present needs {', '.join(missing)}.")


def _selectors(option: str, params: ModuleParams) -> tuple[Selector, ...]:
    given = params[option] or ()
    return tuple(Selector.from_options(f"{option}[{at}]", one, option == "exclude") for at, one in enumerate(given))


def _target(label: str, given: ModuleParams) -> ModuleParams:
    desired, name = given.get(TARGET.id_option), given.get("traffic_mirror_target_name")
    if (desired is None) == (name is None):
        raise ValidationError(f"{label} must have one of traffic_mirror_target_id and traffic_mirror_target_name.")
    if desired is not None:
        check_id(f"{label}: {TARGET.id_option}", desired, TARGET.prefix)
    if name is not None:
        check_name(f"{label}: traffic_mirror_target_name", name)
    check_zones(f"{label}: availability_zones", given.get("availability_zones") or ())
    if given.get("capacity") is not None:
        check_number(f"{label}: capacity", given["capacity"], 1)
    return given


def _limit(option: str, text: str) -> tuple[int, bool]:
    """The number and whether it is a percentage."""
    found = re.fullmatch(r"\s*([0-9]{1,9})(%?)\s*", text)
    number, percent = (int(found[1]), bool(found[2])) if found else (101, True)
    if percent and number > 100:
        raise ValidationError(
            f"{option} must be a number, 0 to 999999999, or a percentage, 0% to 100%, not {quote(text)}."
        )
    return number, percent
