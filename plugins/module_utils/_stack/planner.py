# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner of a stack. It composes the planners of filter, target and session over a snapshot. Makes no change.

Filters and targets are planned first, then sessions, so that a session sees the filters and targets as they will be.
Resources that were replaced or that the document does not list are deleted last, in reverse order. Sessions that have
expired are deleted first.
"""

from __future__ import annotations

from dataclasses import replace

from .._batch.entry import DIFFERS, Status, list_changes
from .._model.desired_state import DesiredState
from .._model.errors import ConflictError, TransientError, ValidationError
from .._model.plan import Action, Plan, move_actions
from .._model.resource_types import FILTER, SESSION, TARGET, ModuleParams, ResourceType
from .._model.tags import STACK, TagRules
from .._resources.references import match_name
from .._resources.session import REFERENCES
from .claims import ClaimedError, Claims
from .options import OPTIONS, TYPES, Item, Stack
from .order import CREATIONS, DELETIONS, ExecutionOrder
from .plan_entry import StackEntry, plan_resource, split_replacement
from .snapshot import ResourceId, Snapshot

_INTERFACE = "network_interface_id"


def plan(stack: Stack, snapshot: Snapshot, check_mode: bool, hold_deletions: bool = False) -> list[StackEntry]:
    """Plan a run. Returns the entries in the order of execution.

    check_mode: whether a filter or target that does not exist may be one that an earlier task creates. hold_deletions:
    plan the deletions of unlisted resources, but do not carry them out. Raises ConflictError and ValidationError if the
    document cannot be carried out, and Ec2Error.
    """
    planner = _Planner(stack, snapshot, check_mode, hold_deletions)
    planner.plan_expired()
    for resource_type in TYPES:
        planner.plan_listed(resource_type)
    for resource_type in reversed(TYPES):
        planner.plan_deletions(resource_type)
    return planner.order.sort()


class _Planner:
    """The state of planning: the entries so far, and the snapshot as these entries change it."""

    def __init__(self, stack: Stack, snapshot: Snapshot, check_mode: bool, hold_deletions: bool) -> None:
        self._stack, self._snapshot = stack, snapshot
        self._check_mode, self._hold_deletions = check_mode, hold_deletions
        self._claims = Claims(stack, snapshot)
        self.order = ExecutionOrder()
        self._ids: dict[Item, ResourceId | None] = {}  # the id of each planned entry's resource
        # Entries that replace a filter or target, each with the calls that follow, see split_replacement.
        self._replacements: list[tuple[StackEntry, tuple[Action, ...]]] = []
        self._names = {(item.resource_type, item.key) for one in TYPES for item in stack.listed(one)}

    def plan_expired(self) -> None:
        """Plan the deletion of the stack's sessions whose time in the document has passed.

        It precedes everything else, because another entry may need the interface or the session number.
        """
        for item in self._stack.expired:
            reason = f"expired at {item.expired.expires_at}" if item.expired else ""
            rows = self._find_expired(item)
            for row in rows:
                self._plan_deletion(SESSION, row, CREATIONS[FILTER], reason)
            if not rows:
                self.order.add(_skip(item, reason, len(self.order.entries)), CREATIONS[FILTER])

    def _find_expired(self, item: Item) -> list[ModuleParams]:
        """Return the stack's sessions of an expired entry.

        An id takes precedence over the name. A session that was replaced leaves its name, but not its id.
        """
        given_id, name = item.desired.id, item.desired.name
        rows = self._snapshot.describe(SESSION, ids=(given_id,)) if given_id is not None else []
        ids = {row[SESSION.id_option] for row in rows}
        unlisted = self._claims.list_unlisted(SESSION)
        if ids or name is None:
            return [row for row in unlisted if row[SESSION.id_option] in ids]
        return [row for row in unlisted if row["tags"].get("Name") == name]

    def plan_listed(self, resource_type: ResourceType) -> None:
        """Plan the entries of the document of this type.

        An entry that needs what another one still has, such as a session number, is planned after the other one. If
        only deletions can help, those on its interface precede it. Raises the error of the first entry that cannot be
        planned.
        """
        ranked = list(enumerate(self._stack.listed(resource_type)))
        # A new session without a number must not take the number of another entry.
        waiting = sorted(ranked, key=lambda pair: "session_number" not in pair[1].desired.values)
        while waiting:
            deferred: list[tuple[int, Item]] = []
            errors: list[TransientError] = []
            for rank, item in waiting:
                try:
                    self._plan_item(item, rank)
                except TransientError as error:
                    deferred.append((rank, item))
                    errors.append(error)
                except (ConflictError, ValidationError) as error:
                    raise type(error)(f"{item.label}: {error}") from error
            if len(deferred) == len(waiting) and not self._delete_early([item for _rank, item in deferred]):
                # Reading again does not change the document.
                kind = ConflictError if isinstance(errors[0], ClaimedError) else type(errors[0])
                raise kind(f"{deferred[0][1].label}: {errors[0]}") from errors[0]
            waiting = deferred

    def plan_deletions(self, resource_type: ResourceType) -> None:
        """Plan the deletion of resources of this type: those that were replaced or that the document does not list."""
        for entry, later in self._replacements:
            if entry.resource_type is resource_type:
                self._plan_deletion_of_replaced(entry, later)
        if self._stack.deletes(resource_type):
            for row in self._claims.list_unlisted(resource_type):
                self._plan_deletion(resource_type, row, DELETIONS[resource_type])

    def _plan_item(self, item: Item, rank: int) -> None:
        """Plan an entry of the document. Raises TransientError if the resource belongs to another entry."""
        resource_type = item.resource_type
        values = {**item.desired.values, **self._resolve(item)}
        desired = replace(item.desired, id=self._claims.own_id(item), values=values)
        item_plan = plan_resource(desired, self._snapshot)
        switched = self._find_switched(desired, item_plan)
        if switched:
            desired = replace(desired, values={**values, **switched})
            item_plan = plan_resource(desired, self._snapshot)
        self._claims.check(item, item_plan)
        self._check_interface(resource_type, item_plan)
        action, reason = _describe(self._stack, resource_type, item_plan)
        item_plan, later = split_replacement(item_plan)
        entry = StackEntry(
            key=item.label, action=action, reason=reason, plan=item_plan, desired=desired, name=item.key, rank=rank
        )
        if item_plan.before is not None and item_plan.actions:
            entry.changes = list_changes(item_plan.before, item_plan.after or {})
        self.order.add(entry, CREATIONS[resource_type])
        if later:
            self._replacements.append((entry, later))
        self._ids[item] = new_id = self._snapshot.apply(desired, item_plan)
        if new_id is not None:
            self._claims.add(new_id, item)

    def _resolve(self, item: Item) -> ModuleParams:
        """Return the ids of the filter and target of a session.

        A name is first that of an entry of the document, then that of another resource. An id of an entry is replaced
        by that of the resource which replaces it. Raises NotFoundError and AmbiguousMatchError.
        """
        resolved: ModuleParams = {}
        if item.resource_type is not SESSION:
            return resolved
        for option, (id_option, resource_type) in REFERENCES.items():
            given_id, name = item.desired.values.get(id_option), item.names.get(option)
            listed = self._claims.find(given_id) if name is None else self._stack.find(resource_type, name)
            if listed is not None:
                resolved[id_option] = self._ids[listed]
            elif name is not None:
                rows = self._snapshot.describe(resource_type)
                resolved[id_option] = match_name(resource_type, option, name, rows, self._check_mode)
        return resolved

    def _find_switched(self, desired: DesiredState, item_plan: Plan) -> ModuleParams:
        """Return the ids of a replaced filter or target that a session uses although its entry names none."""
        switched: ModuleParams = {}
        for id_option, _type in REFERENCES.values() if desired.resource_type is SESSION else ():
            used = (item_plan.before or {}).get(id_option)
            listed = self._claims.find(used)
            new_id = self._ids[listed] if listed is not None else used
            if id_option not in desired.values and new_id != used:
                switched[id_option] = new_id
        return switched

    def _check_interface(self, resource_type: ResourceType, item_plan: Plan) -> None:
        """Raise TransientError if an interface would be the source of a session and the destination of a target."""
        other_type = {SESSION: TARGET, TARGET: SESSION}.get(resource_type)
        interface = (item_plan.after or {}).get(_INTERFACE)
        if other_type is None or interface is None or not any(action.creates for action in item_plan.actions):
            return
        for row in self._snapshot.describe(other_type, filters={"network-interface-id": [interface]}):
            raise TransientError(
                f"InterfaceInUseBy{other_type.api}: {interface} cannot be the source of a session and the destination "
                f"of a target. Delete {other_type.label(row)} first."
            )

    def _delete_early(self, items: list[Item]) -> bool:
        """Plan the deletion of unlisted sessions on the interfaces of these entries. Returns whether there are any."""
        if not self._stack.deletes(SESSION) or self._hold_deletions:
            return False
        ids = tuple(filter(None, map(self._claims.own_id, items)))
        current = self._snapshot.describe(items[0].resource_type, ids=ids) if ids else []
        interfaces = {row.get(_INTERFACE) for row in [*current, *(item.desired.values for item in items)]}
        rows = [row for row in self._claims.list_unlisted(SESSION) if row.get(_INTERFACE) in interfaces]
        for row in rows:
            self._plan_deletion(SESSION, row, CREATIONS[items[0].resource_type])
        return bool(rows)

    def _plan_deletion(
        self, resource_type: ResourceType, row: ModuleParams, stage: int, expired_reason: str = ""
    ) -> None:
        """Plan the deletion of a resource that the document does not list.

        expired_reason: the reason if it is an expired session, whose deletion is never held back.
        """
        resource_id = row[resource_type.id_option]
        desired = DesiredState(resource_type, False, resource_id, None, {}, TagRules(), stacks=self._stack.names)
        name = row["tags"].get("Name") or resource_id
        listed = self._stack.find(resource_type, name)
        reason = f"not listed in {OPTIONS[resource_type]}" if self._stack.present else "state is absent"
        if (resource_type, name) in self._names:
            name = resource_id  # a second resource of this name
        self._names.add((resource_type, name))
        entry = StackEntry(
            key=f"{resource_type.noun} {name}",
            action="delete",
            reason=expired_reason or (reason if listed is None else f"duplicate of {listed.label}"),
            desired=desired,
            name=name,
            rank=len(self.order.entries),
            is_duplicate=listed is not None,
            is_expired=bool(expired_reason),
        )
        if self._hold_deletions and not expired_reason:
            entry.plan, entry.status = Plan(before=row, after=row), Status.HELD_BACK
        else:
            try:
                entry.plan = plan_resource(desired, self._snapshot)
            except TransientError as error:
                raise type(error)(f"{entry.key} is to be deleted ({entry.reason}): {error}") from error
            self._snapshot.apply(desired, entry.plan)
        self.order.add(entry, stage)

    def _plan_deletion_of_replaced(self, replacement: StackEntry, later: tuple[Action, ...]) -> None:
        """Plan the calls that finish a replacement. Sessions that have no plan of their own are switched first.

        later: the calls of the replacement's plan after those that create the new resource.
        """
        resource_type, old = replacement.resource_type, replacement.plan.before or {}
        old_id, new = old[resource_type.id_option], replacement.plan.after or {}
        users = self._snapshot.describe(SESSION, filters={resource_type.id_option: [old_id]})
        switches = move_actions(resource_type, users, new.get(resource_type.id_option, replacement.desired.new_id))
        rest = (action for action in later if action.operation != f"Modify{SESSION.api}")
        entry = StackEntry(
            key=f"{resource_type.noun} {old_id}",
            action="delete",
            reason=f"replaced by another {resource_type.noun}",
            # The permissions for these calls were checked before the first call of the replacement, if it has any.
            plan=Plan((*switches, *rest), before=old, replaces=not replacement.plan.actions),
            desired=replacement.desired,
            name=old_id,
            rank=len(self.order.entries),
            is_replaced=True,
        )
        self.order.add(entry, DELETIONS[resource_type], (replacement,))


def _describe(stack: Stack, resource_type: ResourceType, item_plan: Plan) -> tuple[str, str]:
    """Return the action of an entry of the document and its reason."""
    before, after = item_plan.before, item_plan.after or {}
    if not item_plan.actions:
        return "unchanged", "up to date"
    if before is None:
        return "create", "does not exist"
    if item_plan.replaces and not split_replacement(item_plan)[0].actions:
        return "unchanged", "up to date"  # only the deletion of the replaced resource is missing
    if item_plan.replaces:
        fixed = [option for option in list_changes(before, after) if option in resource_type.immutable_options]
        return "update", f"replaced, because EC2 cannot change {', '.join(fixed)}" if fixed else "replaced"
    mark = before["tags"].get(STACK)
    if mark != stack.name:
        return "update", "adopted" if mark is None else f"adopted from stack {mark}"
    return "update", f"{DIFFERS} {', '.join(list_changes(before, after))}"


def _skip(item: Item, reason: str, rank: int) -> StackEntry:
    """Return the entry of a resource that is not created."""
    return StackEntry(key=item.label, action="skip", reason=reason, desired=item.desired, name=item.key, rank=rank)
