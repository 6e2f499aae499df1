# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tag calls of many resources: equal tags in one call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .._ec2.rate_limiter import TAG_ACTIONS
from .._model.plan import Action, Plan
from .._model.resource_types import ApiParams
from .entry import Entry

# Maximum number of resources in one call of CreateTags or DeleteTags (EC2 API Reference, CreateTags).
RESOURCES_PER_CALL = 1000


@dataclass(frozen=True)
class TagGroup:
    """Resources that get or lose the same tags by one call. members: entries with their own call, 1 to 1000."""

    operation: str
    members: list[tuple[Entry, Action]]

    @property
    def entries(self) -> list[Entry]:
        """The entries of the group."""
        return [entry for entry, _action in self.members]

    @property
    def params(self) -> ApiParams:
        """The parameters of the call for all resources of the group."""
        resources = [one for _entry, action in self.members for one in action.params["Resources"]]
        return {**self.members[0][1].params, "Resources": resources}

    def halves(self) -> list[TagGroup]:
        """The group as two groups of half the size."""
        middle = len(self.members) // 2
        return [replace(self, members=self.members[:middle]), replace(self, members=self.members[middle:])]


def split_tags(plan: Plan) -> tuple[Plan, tuple[Action, ...]]:
    """Split the tag calls at the end of a plan from its other calls.

    They are left in the plan if they concern a resource that the plan creates, or if tags must be deleted before others
    are created, because the resource would exceed the limit of tags.
    """
    tags = tuple(action for action in plan.actions if action.operation in TAG_ACTIONS)
    is_last = plan.actions[len(plan.actions) - len(tags) :] == tags
    in_order = [action.operation for action in tags] == [
        one for one in TAG_ACTIONS if one in {a.operation for a in tags}
    ]
    if not is_last or not in_order or any(action.pending for action in tags):
        return plan, ()
    return replace(plan, actions=plan.actions[: len(plan.actions) - len(tags)]), tags


def group_tags(operation: str, pairs: Iterable[tuple[Entry, tuple[Action, ...]]]) -> list[TagGroup]:
    """Group the calls of this EC2 action by equal tags. pairs: entries with their tag calls."""
    by_tags: dict[tuple[tuple[str, str | None], ...], list[tuple[Entry, Action]]] = defaultdict(list)
    for entry, actions in pairs:
        for action in actions:
            if action.operation == operation:
                by_tags[tuple((tag["Key"], tag.get("Value")) for tag in action.params["Tags"])].append((entry, action))
    return [
        TagGroup(operation, members[start : start + RESOURCES_PER_CALL])
        for members in by_tags.values()
        for start in range(0, len(members), RESOURCES_PER_CALL)
    ]
