# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a plan over many objects against the emulator: the client, and what came of the entries."""

from __future__ import annotations

from ansible_collections.vtap.aws.plugins.module_utils._batch.entry import summarize
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2


def connect(running, **given):
    """An Ec2 for the emulator. running: the emulator and its client. given: other parameters of Ec2."""
    emulator, client = running
    return Ec2(client, sts=lambda: emulator.client("sts"), create_client=emulator.client, **given)


class BatchRun:
    """One run with its entries, which subclasses set."""

    entries: list

    @property
    def changed(self):
        return any(entry.is_changed for entry in self.entries)

    @property
    def summary(self):
        """The numbers of the summary that are not 0."""
        return {key: count for key, count in summarize(self.entries).items() if count}

    @property
    def failures(self):
        """The error codes of the entries that failed."""
        return {entry.key: entry.error_code for entry in self.entries if entry.has_failed}
