# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the expiry of a session changes in a plan. Makes no calls.

A session expires by its tag EXPIRES. The playbook vtap.aws.expire deletes it; a task leaves an expired session
unchanged, so that a scheduled task does not extend it.
"""

from __future__ import annotations

from dataclasses import replace

from .._model.desired_state import DesiredState
from .._model.errors import TransientError
from .._model.expiry import Expiry, parse_tag
from .._model.ownership import list_other_owners
from .._model.plan import Plan, tag_actions
from .._model.resource_types import SESSION, ModuleParams
from .._model.tags import EXPIRES, TagRules

# The options of a session that are not fields of it.
OPTIONS: dict[str, dict[str, str]] = {"expires_in": {}, "expires_at": {}}
EXCLUSIVE = tuple(OPTIONS)


def set_expiry(desired: DesiredState, current: ModuleParams | None) -> DesiredState:
    """Return the desired state with the tag EXPIRES that the session is to have.

    An unchanged tag is included, because a replacement gets only these internal tags.
    """
    if desired.expiry is None:
        return desired
    tags, value = desired.tags, desired.expiry.choose_tag(_tag(current))
    if desired.expiry.given is not None:
        # An info module may have returned another value before this task changed it.
        tags = replace(tags, tags=_without_expiry(tags.tags), defaults=_without_expiry(tags.defaults) or {})
    if value is not None:
        tags = replace(tags, internal_tags={**tags.internal_tags, EXPIRES: value})
    elif desired.expiry.removes:
        tags = replace(tags, removed_marks=(*tags.removed_marks, EXPIRES))
    return replace(desired, tags=tags)


def find_expired(desired: DesiredState, current: ModuleParams | None) -> Expiry | None:
    """Return the expiry of the session after the task if its time has passed, otherwise None.

    The expiry of a session that the task must not change does not count. In a stack, only the document counts.
    """
    if desired.expiry is None or desired.stacks or list_other_owners(desired, current):
        return None
    return desired.expiry.find_expired(_tag(current))


def plan_expired(desired: DesiredState, current: ModuleParams | None, expiry: Expiry) -> Plan:
    """Return the plan that leaves an expired session as it is, or does not create it.

    It changes only the expiry, and adopts the session if it changes the expiry. desired: see set_expiry.
    """
    if current is None:
        text = (
            f"{SESSION.label({**desired.values, 'tags': desired.tags.desired()})} was not created, because expires_at "
            f"{expiry.expires_at} is in the past. Set a later expires_at, or remove the task."
        )
        return Plan(warnings=(text,))
    value = desired.tags.internal_tags[EXPIRES]
    adopted = desired.tags.removed_marks if value != _tag(current) else ()
    change = TagRules(internal_tags={EXPIRES: value}, removed_marks=adopted).change(current["tags"])
    text = (
        f"{SESSION.label(current)} expired at {expiry.expires_at}; the other options of this task were not applied. To "
        "keep the session, set a later expires_at or another expires_in. To delete it, run the playbook "
        "vtap.aws.expire, or set state: absent."
    )
    return Plan(
        tuple(tag_actions(SESSION, current, change)),
        before=current,
        after={**current, "tags": change.result},
        warnings=(text,),
    )


def omit_new_time(desired: DesiredState, plan: Plan) -> Plan:
    """Return the plan, for check mode, without a tag EXPIRES whose time depends on the clock of the real run."""
    expiry, before, after = desired.expiry, plan.before, plan.after
    is_kept = after is None or _tag(after) == _tag(before)
    if after is None or is_kept or expiry is None or expiry.given is None or expiry.given.duration is None:
        return plan
    tags = {key: value for key, value in after["tags"].items() if key != EXPIRES}
    return replace(plan, after={**after, "tags": tags})


def check_deletion(desired: DesiredState, current: ModuleParams) -> None:
    """Raise TransientError if the session does not have the expiry that the task gives as O(expires_at).

    An empty string stands for a session without an expiry.
    """
    options, expiry = desired.expiry, parse_tag(_tag(current))
    time = expiry.expires_at if expiry else ""
    if options is None or options.given_time in (None, time):
        return
    state = f"expires at {time}" if time else "has no expiry"
    raise TransientError(
        f"{SESSION.label(current)} {state}, and expires_at is {options.given_time or 'empty'}; nothing was deleted. "
        "Correct or omit expires_at."
    )


def _without_expiry(tags: dict[str, str] | None) -> dict[str, str] | None:
    return None if tags is None else {key: value for key, value in tags.items() if key != EXPIRES}


def _tag(row: ModuleParams | None) -> str | None:
    return None if row is None else row["tags"].get(EXPIRES)
