# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation of the options of ec2_traffic_mirror_fleet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .._batch.guards import Limit, parse_limit
from .._model.errors import ValidationError
from .._model.placeholders import UnresolvedRef, outside_check_mode, parse_placeholder
from .._model.resource_types import FILTER, SESSION, TARGET, Field, ModuleParams
from .._model.tags import FLEET, TagRules, check_name
from .._model.text import quote
from .._model.validation import check_id, check_number
from .instance_types import SupportedTypes
from .number_range import NumberRange
from .selection import Selector, check_types, check_zones

# Source: Traffic Mirroring guide, "Traffic Mirroring quotas", read on 2026-11-25. The quota is not adjustable.
SESSIONS_PER_ACCOUNT = 10000
MANAGED_SERVICES = ("rds", "elasticache")
LIMITS = {"max_creates": "create", "max_updates": "update", "max_deletes": "delete"}


@dataclass(frozen=True)
class Fleet:
    """The validated options of a task.

    name: of the fleet. present: whether O(state=present). sources, exclude: selectors. targets: the entries of
    O(targets). values: the session options that all sessions share. tags: tag rules, including the fleet's tag.
    session_numbers: allowed session numbers; None: numbers above those of other sessions. vni_range: allowed VNIs, of
    which each session gets one; None: virtual_network_id of values, otherwise EC2 assigns VNIs. adopt_fleets: the
    fleets whose sessions become this fleet's. types: the supported instance types. managed_services: of
    MANAGED_SERVICES. limits: by option. min_coverage: the required share or number of mirrored interfaces.
    """

    name: str
    present: bool
    sources: tuple[Selector, ...]
    exclude: tuple[Selector, ...]
    targets: tuple[ModuleParams, ...]
    values: ModuleParams
    tags: TagRules
    session_numbers: NumberRange | None
    vni_range: NumberRange | None
    adopt: bool
    adopt_fleets: tuple[str, ...]
    purge: bool
    keeps_stopped: bool
    types: SupportedTypes
    managed_services: frozenset[str]
    participant_interfaces: bool
    limits: dict[str, Limit]
    min_coverage: Limit | None

    @classmethod
    def from_options(cls, params: ModuleParams, check_mode: bool = False) -> Fleet:
        """Parse and check the options without any API call. check_mode: accept placeholders. Raises ValidationError."""
        name = params["name"]
        check_name("name", name)
        if params["traffic_mirror_filter_name"] is not None:
            check_name("traffic_mirror_filter_name", params["traffic_mirror_filter_name"])
        for option in ("supported_instance_types", "additional_instance_types"):
            check_types(option, params[option] or ())
        _check_adopted_fleets(params)
        present = params["state"] == "present"
        if present:
            _check_required(params)
        given_fields = [field for field in SESSION.fields if params.get(field.option) is not None]
        return cls(
            name=name,
            present=present,
            sources=_parse_selectors("sources", params),
            exclude=_parse_selectors("exclude", params),
            targets=tuple(
                _check_target(f"targets[{index}]", given, check_mode)
                for index, given in enumerate(params["targets"] or ())
            ),
            values={field.option: _resolved(field, params[field.option], check_mode) for field in given_fields},
            tags=replace(TagRules.from_options({**params, "name": None}), internal_tags={FLEET: name}),
            session_numbers=_parse_range("session_numbers", params, "session_number"),
            vni_range=_parse_range("vni_range", params, "virtual_network_id"),
            adopt=params["adopt"],
            adopt_fleets=tuple(params["adopt_fleets"] or ()),
            purge=params["purge"],
            keeps_stopped=params["on_stopped"] == "keep",
            types=SupportedTypes(
                tuple(params["supported_instance_types"] or ()), tuple(params["additional_instance_types"] or ())
            ),
            managed_services=frozenset(params["managed_services"] or ()),
            participant_interfaces=params["participant_interfaces"],
            limits={option: parse_limit(option, params[option]) for option in LIMITS if params[option] is not None},
            min_coverage=None
            if params["min_coverage"] is None
            else parse_limit("min_coverage", params["min_coverage"], both=False),
        )


def _parse_range(option: str, params: ModuleParams, field_option: str) -> NumberRange | None:
    text = params[option]
    return None if text is None else NumberRange.parse(option, text, SESSION.field(field_option))


def _check_required(params: ModuleParams) -> None:
    missing = [option for option in ("sources", "targets") if not params[option]]
    if params[FILTER.id_option] is None and params["traffic_mirror_filter_name"] is None:
        missing.append("traffic_mirror_filter_id or traffic_mirror_filter_name")
    if missing:
        raise ValidationError(f"state: present requires {', '.join(missing)}.")


def _check_adopted_fleets(params: ModuleParams) -> None:
    for index, one in enumerate(params["adopt_fleets"] or ()):
        check_name(f"adopt_fleets[{index}]", one)
        if one == params["name"]:
            raise ValidationError(f"adopt_fleets[{index}] must be the name of another fleet, not {quote(one)}.")
        if params["state"] == "absent":
            raise ValidationError("adopt_fleets requires state: present. To delete a fleet, use its name.")


def _parse_selectors(option: str, params: ModuleParams) -> tuple[Selector, ...]:
    entries = params[option] or ()
    return tuple(
        Selector.from_options(f"{option}[{index}]", given, option == "exclude") for index, given in enumerate(entries)
    )


def _resolved(field: Field, value: Any, check_mode: bool) -> Any:
    """Return the canonical value of an option. Raises ValidationError, also for a placeholder outside check mode."""
    parsed = field.parse(value)
    if isinstance(parsed, UnresolvedRef) and not check_mode:
        raise ValidationError(outside_check_mode(field.option, value))
    return parsed


def _check_target(label: str, given: ModuleParams, check_mode: bool) -> ModuleParams:
    target_id, name = given.get(TARGET.id_option), given.get("traffic_mirror_target_name")
    if (target_id is None) == (name is None):
        raise ValidationError(
            f"{label} must have exactly one of traffic_mirror_target_id and traffic_mirror_target_name."
        )
    if parse_placeholder(target_id, TARGET.prefix) is not None:
        if not check_mode:
            raise ValidationError(outside_check_mode(f"{label}: {TARGET.id_option}", target_id))
    elif target_id is not None:
        check_id(f"{label}: {TARGET.id_option}", target_id, TARGET.prefix)
    if name is not None:
        check_name(f"{label}: traffic_mirror_target_name", name)
    check_zones(f"{label}: availability_zones", given.get("availability_zones") or ())
    if given.get("capacity") is not None:
        check_number(f"{label}: capacity", given["capacity"], 1)
    return given
