# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packet length of a session: valid values and reported defaults depend on the type of the target."""

from __future__ import annotations

from .._model.desired_state import DesiredState
from .._model.errors import ValidationError
from .._model.placeholders import UnresolvedRef
from .._model.resource_types import ENI, GWLBE, NLB, NLB_PACKET_LENGTH, TARGET, ModuleParams
from .references import Reader, not_found_error


def describe_target(
    desired: DesiredState, current: ModuleParams | None, reader: Reader, check_mode: bool
) -> ModuleParams | None:
    """Return the session's desired target, None if neither the plan nor its prediction depends on it.

    current: the session, None if it does not exist. Raises ValidationError if the target does not accept the packet
    length, and NotFoundError if the target does not exist.
    """
    values = desired.values
    target = values.get("traffic_mirror_target_id", current and current.get("traffic_mirror_target_id"))
    if target is None or isinstance(target, UnresolvedRef):
        return None
    old_target, old_length = (
        (current.get("traffic_mirror_target_id"), current["packet_length"]) if current else (None, None)
    )
    desired_length = values.get("packet_length")
    length = old_length if desired_length is None else desired_length
    changes = target != old_target or length != old_length
    changes_interface = current is not None and values.get("network_interface_id") not in (
        None,
        current.get("network_interface_id"),
    )
    may_be_default = old_length == NLB_PACKET_LENGTH and (desired_length == 0 or changes_interface)
    may_be_too_long = changes and (length or 0) > NLB_PACKET_LENGTH
    if not (may_be_default or may_be_too_long or (check_mode and (changes or changes_interface))):
        return None
    rows = reader.describe(TARGET, ids=(target,))
    if not rows and target == old_target and not changes_interface:
        return None  # the target is no longer shared with this account; the session keeps it nevertheless
    if not rows:
        raise not_found_error(TARGET, target)
    if may_be_too_long:
        hint = "" if desired_length is not None else " This is the session's current value: set packet_length."
        check_packet_length(length, rows[0].get("type"), hint)
    return rows[0]


def check_packet_length(length: int | None, target_type: str | None, hint: str = "") -> None:
    """Raise ValidationError if a target of this type does not accept this packet length. hint: the end of the
    message."""
    if target_type == NLB and (length or 0) > NLB_PACKET_LENGTH:
        raise ValidationError(
            f"packet_length must be 0 (reset) or 1 to {NLB_PACKET_LENGTH} with a Network Load Balancer as the target, "
            f"not {length}.{hint}"
        )


def is_default(length: int, target_type: str | None) -> bool:
    """Whether EC2 reports this packet length for a session whose packet length is not set."""
    return length == 0 or (length == NLB_PACKET_LENGTH and target_type in (NLB, GWLBE))


def reported_length(length: int | None, target_type: str | None) -> int | None:
    """Return the packet length that EC2 reports after this packet length is set, None if it cannot be predicted."""
    if length != 0:
        return length
    return {NLB: NLB_PACKET_LENGTH, ENI: 0}.get(target_type or "")
