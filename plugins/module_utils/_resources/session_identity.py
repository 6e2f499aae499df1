# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which session a task means: by id, by interface and number, or by name."""

from __future__ import annotations

from dataclasses import replace

from .._ec2.error_messages import format_error
from .._ec2.errors import Ec2Error
from .._model.desired_state import DesiredState
from .._model.errors import TransientError
from .._model.matching import find_match
from .._model.ownership import duplicate_name_error, name_holders
from .._model.resource_types import SESSION, ModuleParams
from .._model.tags import REPLACES
from .references import Reader


def may_replace(desired: DesiredState) -> bool:
    """Whether the task allows a replacement. A name is required, because the next run finds the new session by name."""
    return desired.present and desired.allow_replacement and desired.name is not None


def find_session(desired: DesiredState, rows: list[ModuleParams]) -> ModuleParams | None:
    """Return find_match's session, or the new session if a replacement is unfinished or has changed the id."""
    successors = [row for row in rows if desired.id is not None and row["tags"].get(REPLACES) == desired.id]
    if successors and may_replace(desired):
        return successors[0]
    current = find_match(desired, rows)
    if current is None and desired.id is not None and may_replace(desired):
        current = find_match(replace(desired, id=None), rows)
        if current is not None and current["tags"].get("Name") != desired.name:
            return None
    return current


def find_by_name(desired: DesiredState, current: ModuleParams | None, reader: Reader) -> ModuleParams | None:
    """Return the session to change, given that the task is about to write its name.

    This is the current session, or a session on another interface that has the name and can be replaced. Raises
    TransientError if other sessions have the name.
    """
    holders = name_holders(desired, reader.describe(SESSION), (current,), reader.is_foreign)
    if not holders:
        return current
    taken = duplicate_name_error(desired, holders)
    if current is None and may_replace(desired) and desired.id is None and len(holders) == 1:
        try:
            if not _is_live(holders[0], reader):
                return holders[0]
        except Ec2Error as error:
            raise TransientError(f"{taken} The interface counts as in use. {format_error(error)}") from error
    raise taken


def _is_live(session: ModuleParams, reader: Reader) -> bool:
    """Whether the source of a session may send packets, now or after a start of its instance.

    It cannot if the interface does not exist, is attached to nothing, or belongs to an instance that is shutting down
    or terminated. Raises Ec2Error.
    """
    interface = reader.interface(session.get("network_interface_id", ""))
    if interface is None or not interface.get("Attachment"):
        return False
    instance_id = interface["Attachment"].get("InstanceId")
    instance = reader.instance(instance_id) if instance_id else None
    return instance is None or instance.get("State", {}).get("Name") not in ("shutting-down", "terminated")
