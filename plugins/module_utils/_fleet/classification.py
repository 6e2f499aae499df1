# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options and EC2 say about an interface: excluded, ineligible, stopped or eligible. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .eligibility import Limits, find_ineligible_reason
from .options import Fleet
from .plan_entry import Selection
from .selection import Interface

_ENDED = ("shutting-down", "terminated")


@dataclass(frozen=True)
class Candidate:
    """An interface that may get or have a session.

    reason: of the selection, empty if eligible. creates: whether a missing session is created. is_hidden: whether EC2
    does not return the instance, which may be due to its eventual consistency. Instances of other accounts are never
    returned.
    """

    interface: Interface
    selection: Selection
    reason: str = ""
    creates: bool = False
    is_hidden: bool = False


def classify(fleet: Fleet, interface: Interface, limits: Limits, mirrored: bool) -> Candidate:
    """Classify an interface. mirrored: whether it has a session of this fleet, or one that the fleet adopts."""
    instance = interface.instance
    selector = next((one for one in fleet.sources if one.matches(interface)), None)
    except_state = selector or next((one for one in fleet.sources if one.matches_except_state(interface)), None)
    reason = find_ineligible_reason(interface, limits, mirrored)
    is_own = interface.owner_id not in limits.foreign
    is_hidden = is_own and bool(interface.attached_to) and instance is None and reason is not None
    if mirrored and is_hidden:
        # Without the tags of the instance, it is unknown whether the interface is selected.
        return Candidate(interface, Selection.INELIGIBLE, reason or "", is_hidden=True)
    if selector is None and instance is not None and instance.state in _ENDED:
        return Candidate(interface, Selection.NOT_SELECTED, f"instance is {instance.state}")
    if except_state is None or (selector is None and instance is not None and instance.state == "running"):
        return Candidate(interface, Selection.NOT_SELECTED, _explain_mismatch(fleet, interface) if mirrored else "")
    excluded_by = next((one for one in fleet.exclude if one.matches(interface)), None)
    if excluded_by is not None:
        return Candidate(interface, Selection.EXCLUDED, f"excluded by {excluded_by.label} ({excluded_by.describe()})")
    if reason is not None:
        return Candidate(interface, Selection.INELIGIBLE, reason)
    if instance is not None and instance.state != "running":
        return Candidate(interface, Selection.STOPPED, f"instance is {instance.state}", creates=selector is not None)
    return Candidate(interface, Selection.ELIGIBLE, creates=True)


def _explain_mismatch(fleet: Fleet, interface: Interface) -> str:
    mismatches = "; ".join(f"{one.label}: {one.explain_mismatch(interface)}" for one in fleet.sources)
    return f"no longer matches {mismatches}"
