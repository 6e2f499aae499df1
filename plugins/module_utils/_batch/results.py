# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules for many objects share at their borders: options for EC2's rate, and the parts of results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._ec2.client import Ec2, config_for
from .._ec2.rate_limiter import BURST, PER_SECOND, RateLimiter
from .._model.errors import ConflictError
from .._model.placeholders import with_placeholders
from .._model.plan import Plan
from .._model.validation import check_number
from .._runtime.executor import dry_run_errors
from .._runtime.module import connect, warn_unverified
from .duration import estimate_seconds, format_duration
from .entry import Entry, Status, summarize

EntryType = TypeVar("EntryType", bound=Entry)
MAX_WORKERS = 50
# The range of api_rate, in calls per second. A much lower rate could overflow time.sleep in the middle of a run.
MIN_RATE, MAX_RATE = 0.01, 100000
BATCH_OPTIONS = {
    "max_deletes": {"default": "10 or 10%"},
    "include_unchanged": {"type": "bool", "default": False},
    "workers": {"type": "int", "default": 10},
    "api_rate": {"type": "float", "default": PER_SECOND},
    "api_burst": {"type": "int", "default": BURST},
}
# The number of lines of each action in the diff. The plan in the result is complete.
MAX_DIFF_LINES = 100
# The number of rows of each list in the result of a failed task, and of lines of each action in its message: Ansible
# prints the whole result of a failed task.
MAX_FAILED_ROWS = 20


def connect_batch(module: AnsibleAWSModule, readers: int = 1) -> Ec2:
    """Create the EC2 client for parallel calls from the options of the module.

    readers: the number of parallel Describe calls. Raises ValidationError for a rate or a number of workers out of
    range, and the errors of connect.
    """
    params = module.params
    check_number("workers", params["workers"], 1, MAX_WORKERS)
    check_number("api_rate", params["api_rate"], MIN_RATE, MAX_RATE)
    check_number("api_burst", params["api_burst"], 1, MAX_RATE)
    rate_limiter = RateLimiter(params["api_burst"], params["api_rate"])
    return connect(module, rate_limiter, config_for(max(readers, params["workers"])))


def estimate_duration(module: AnsibleAWSModule, entries: Sequence[Entry]) -> tuple[int, str]:
    """The time in seconds that the plan takes at the rate limits of the task, and the first line of its table.

    The line is empty if the plan has no calls. Call it before the plan is executed.
    """
    seconds = estimate_seconds(entries, module.params["api_burst"], module.params["api_rate"])
    has_calls = any(entry.is_open for entry in entries)
    return seconds, f"Estimated duration: {format_duration(seconds)}\n" if has_calls else ""


def verify_permissions(module: AnsibleAWSModule, entries: Sequence[Entry], ec2: Ec2) -> None:
    """Check one call of each EC2 action of the plan with DryRun. Warns of actions that cannot be checked.

    Raises ConflictError if any of these calls would fail.
    """
    actions = [action for entry in entries if entry.is_open for action in entry.plan.actions]
    actions.sort(key=lambda action: action.pending)
    first_calls = {action.operation: action for action in reversed(actions)}
    errors, unverified = dry_run_errors(Plan(tuple(first_calls.values())), ec2)
    warn_unverified(module, unverified)
    if errors:
        raise ConflictError(
            f"verify_permissions: {len(errors)} of {len(first_calls)} actions would fail. Nothing was changed. "
            f"{' '.join(errors)}"
        )


def is_changed(entries: Iterable[Entry], check_mode: bool) -> bool:
    """Whether the run changed something, in check mode whether it would."""
    return any(entry.plan.actions and entry.is_open if check_mode else entry.is_changed for entry in entries)


def describe_entries(module: AnsibleAWSModule, entries: Sequence[Entry] | None) -> dict[str, Any]:
    """The plan and the summary of the result; empty if no plan was created."""
    if entries is None:
        return {}
    is_listed = module.params["include_unchanged"]
    rows = [entry.describe() for entry in entries if is_listed or entry.action != "unchanged"]
    return {"plan": with_placeholders(rows), "summary": summarize(entries)}


def sort_failures(entries: Iterable[EntryType]) -> list[EntryType]:
    """The entries that failed, those that were tried first."""
    failed = (entry for entry in entries if entry.has_failed)
    return sorted(failed, key=lambda entry: (entry.status is Status.NOT_TRIED, entry.key))


def describe_failure(entry: Entry) -> dict[str, Any]:
    """What is known about a failed entry, as keys of an item of the result."""
    return {
        "action": entry.action,
        "code": entry.error_code,
        "reason": entry.error,
        "tried": entry.status is Status.FAILED,
    }


def format_failures(entries: Sequence[Entry], objects: str) -> str:
    """The failures of a run as sentences. objects: what the entries are, such as C(interfaces of fleet ids)."""
    failed = sort_failures(entries)
    tried = [entry for entry in failed if entry.status is Status.FAILED]
    counts = Counter(entry.error_code or "no code" for entry in tried).most_common()
    causes = ", ".join(f"{count} x {code}" for code, count in counts)
    not_tried = f" Not tried: {len(failed) - len(tried)}." if len(tried) < len(failed) else ""
    if any(entry.is_changed and not entry.has_failed for entry in entries):
        done = "All other changes were made."
    else:
        is_partial = any(entry.is_changed for entry in entries)
        done = "Completed calls are not rolled back." if is_partial else "Nothing was changed."
    return (
        f"{len(failed)} of {len(entries)} {objects} failed ({causes}).{not_tried} {done} Correct the cause and rerun "
        f"the task. First failure: {failed[0].key}: {failed[0].error}"
    )


def limit_rows(result: dict[str, Any]) -> dict[str, Any]:
    """The result of a failed task with at most MAX_FAILED_ROWS rows in each list and dict, also in dicts of lists.

    C(omitted) has the numbers of the omitted rows.
    """
    omitted: dict[str, int] = {}

    def limit(key: str, value: Any) -> Any:
        if isinstance(value, (list, dict)) and len(value) > MAX_FAILED_ROWS:
            omitted[key] = len(value) - MAX_FAILED_ROWS
        if isinstance(value, dict):
            return {name: limit(f"{key}.{name}", one) for name, one in list(value.items())[:MAX_FAILED_ROWS]}
        return value[:MAX_FAILED_ROWS] if isinstance(value, list) else value

    limited = {key: limit(key, value) for key, value in result.items()}
    return {**limited, **({"omitted": omitted} if omitted else {})}
