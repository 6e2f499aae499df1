# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that describe a run, also one that failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from ansible.module_utils.common.parameters import remove_values
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._batch.entry import summarize
from .._batch.results import limit_rows
from .._ec2.client import Ec2
from .._model.placeholders import with_placeholders
from .._model.resource_types import ModuleParams
from .._model.text import printable
from .._report.document import build_document, create_fleet
from .._report.files import check_files, format_now, write_files
from .._runtime.module import fail, finish
from .coverage import Coverage
from .plan_entry import AwsState, FleetEntry, count_causes
from .report import pending
from .report_rows import describe_rows, describe_vni_map


class RunReport:
    """What is known about a run. It ends the module, and before that writes the files of the report that the task sets.

    ec2, aws_state, entries, coverage: None until they are known. carried_out: whether the run began to change
    something. details: other keys of the fleet in the document.
    """

    def __init__(self, module: AnsibleAWSModule) -> None:
        self._module = module
        self._files: dict[str, str] = {}
        self.ec2: Ec2 | None = None
        self.aws_state: AwsState | None = None
        self.entries: Sequence[FleetEntry] | None = None
        self.coverage: Coverage | None = None
        self.carried_out = False
        self.details: ModuleParams = {}

    def check(self) -> None:
        """Check that the files can be written. Raises ValidationError."""
        self._files = check_files(self._module.params, "report_")

    def finish(self, **result: Any) -> NoReturn:
        """Write the report and end the module. It fails, with the result, if the report cannot be written."""
        problem = self._write(None)
        if problem is not None:
            fail(self._module, msg=f"The run is complete. {problem}", **limit_rows(result))
        finish(self._module, **result, **self._describe_files())

    def fail(self, msg: str | list[str], **result: Any) -> NoReturn:
        """Write the report with the first line of the message, and end the module as failed."""
        problem = self._write(msg if isinstance(msg, str) else msg[0])
        if problem is not None:
            self._module.warn(problem)
        fail(self._module, msg=msg, **result, **({} if problem else self._describe_files()))

    def _describe_files(self) -> ModuleParams:
        return {"report": self._files} if self._files else {}

    def _write(self, error: str | None) -> str | None:
        """Write the files. Returns why they cannot be written, None on success."""
        if not self._files:
            return None
        document = build_document([self._describe(error)], format_now(), self._module.check_mode)
        try:
            write_files(self._files, document)
        except OSError as failure:
            return printable(f"The report could not be written: {failure}. Correct the cause and rerun the task.")
        return None

    def _describe(self, error: str | None) -> ModuleParams:
        """The part of the document for this run."""
        params, entries, coverage = self._module.params, self.entries or (), self.coverage
        known: ModuleParams = {
            "account_id": self._find_account(),
            "region": self.ec2.region if self.ec2 is not None else params.get("region"),
            "fleet": params["name"],
            "error": error,
            "carried_out": self.carried_out,
            "min_coverage": params["min_coverage"],
            "fixed_virtual_network_id": params["virtual_network_id"] is not None,
            "plan": describe_rows(entries, coverage),
            **self.details,
        }
        if self.entries is not None:
            known["summary"] = summarize(entries)
        if coverage is not None and self.aws_state is not None:
            known.update(
                causes=count_causes(entries),
                coverage=coverage.describe(),
                vni_map=describe_vni_map(entries),
                pending=pending(self.aws_state),
            )
        # The module removes them from the result only.
        return create_fleet(**remove_values(with_placeholders(known), self._module.no_log_values))

    def _find_account(self) -> str | None:
        if self.ec2 is None:
            return None
        state = self.aws_state
        sessions, interfaces = (state.sessions, state.interfaces) if state is not None else ([], [])
        owners = [*(one.get("owner_id") for one in sessions), *(one.owner_id for one in interfaces)]
        return self.ec2.find_account_id(owners)
