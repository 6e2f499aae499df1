# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters, targets and sessions of an account and region in memory, and what a plan makes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Union

from .._model.desired_state import CreatedIdRef, DesiredState
from .._model.plan import Plan
from .._model.resource_types import FILTER, SESSION, TARGET, ApiParams, ModuleParams, ResourceType
from .._resources.references import Reader
from .options import TYPES

ResourceId = Union[str, CreatedIdRef]
Resources = dict[ResourceType, list[ModuleParams]]
_INDEXED = ("network_interface_id", FILTER.id_option, TARGET.id_option)


class Snapshot:
    """A Reader that makes no Describe call.

    It shows the resources as EC2 returned them, changed by the plans that were applied. The id of a resource that a
    plan creates is its CreatedIdRef. rows: by resource type; they are not changed. reader: reads everything else.
    """

    def __init__(self, rows: Resources, reader: Reader) -> None:
        self._reader = reader
        self._rows: dict[ResourceType, dict[ResourceId, ModuleParams]] = {one: {} for one in TYPES}
        # The sessions by the value of an option and by id. Plans look for these values again and again.
        self._sessions: dict[str, dict[Any, dict[ResourceId, ModuleParams]]] = {
            option: defaultdict(dict) for option in _INDEXED
        }
        for resource_type in TYPES:
            for row in rows[resource_type]:
                self._put(resource_type, row)

    def describe(
        self,
        resource_type: ResourceType,
        ids: Iterable[ResourceId] = (),
        filters: dict[str, list[str]] | None = None,
        child_tags: bool = False,  # noqa: ARG002  # the rows have them
    ) -> list[ModuleParams]:
        """The resources with one of the ids, if there are any, that match the filters, as Ec2.describe returns them."""
        rows: Iterable[ModuleParams] = self._rows[resource_type].values()
        expected = {name.replace("-", "_"): values for name, values in (filters or {}).items()}
        indexed = next((option for option in expected if option in self._sessions), None)
        if ids:
            rows = [self._rows[resource_type][one] for one in ids if one in self._rows[resource_type]]
        elif resource_type is SESSION and indexed is not None:
            rows = [row for value in expected[indexed] for row in self._sessions[indexed].get(value, {}).values()]
        return [row for row in rows if all(row.get(option) in values for option, values in expected.items())]

    def is_foreign(self, owner: str | None) -> bool:
        """Whether this account id is not the caller's."""
        return self._reader.is_foreign(owner)

    def interface(self, network_interface_id: str) -> ApiParams | None:
        """The network interface, None if it does not exist. Raises Ec2Error."""
        return self._reader.interface(network_interface_id)

    def instance(self, instance_id: str) -> ApiParams | None:
        """The instance, None if it does not exist or is not visible. Raises Ec2Error."""
        return self._reader.instance(instance_id)

    def apply(self, desired: DesiredState, plan: Plan) -> ResourceId | None:
        """Show the resources as they are after this plan. Returns the id of the resource, None if it is deleted."""
        resource_type = desired.resource_type
        for action in plan.actions:
            if action.operation == f"Delete{resource_type.api}":
                self._remove(resource_type, action.params[resource_type.id_member])
        if plan.after is None:
            return None
        row = {resource_type.id_option: desired.new_id, **plan.after}
        if resource_type is SESSION:
            row.setdefault("packet_length", 0)  # EC2 returns one, though not always a predictable one
        self._put(resource_type, row)
        new_id: ResourceId = row[resource_type.id_option]
        return new_id

    def _put(self, resource_type: ResourceType, row: ModuleParams) -> None:
        resource_id = row[resource_type.id_option]
        self._remove(resource_type, resource_id)
        self._rows[resource_type][resource_id] = row
        if resource_type is SESSION:
            for option, index in self._sessions.items():
                index[row.get(option)][resource_id] = row

    def _remove(self, resource_type: ResourceType, resource_id: ResourceId) -> None:
        row = self._rows[resource_type].pop(resource_id, None)
        if row is not None and resource_type is SESSION:
            for option, index in self._sessions.items():
                index[row.get(option)].pop(resource_id, None)


def read_resources(reader: Reader, rule_tags: bool) -> Resources:
    """Read all filters, targets and sessions. rule_tags: whether the tags of rules are necessary. Raises Ec2Error."""
    return {one: reader.describe(one, child_tags=rule_tags) for one in TYPES}
