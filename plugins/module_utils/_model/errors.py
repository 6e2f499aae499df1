# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of a task other than EC2 errors (see Ec2Error)."""

from __future__ import annotations


class ValidationError(Exception):
    """Invalid options. The message names the option and the accepted values."""


class ConflictError(Exception):
    """A change that the module refuses to make. The message names the resources and a solution."""


class TransientError(ConflictError):
    """A conflict that may be due to EC2's eventual consistency. Another Describe call may resolve it."""


class NotFoundError(TransientError):
    """A resource that the task names does not exist, or Describe does not return it yet."""


class AmbiguousMatchError(TransientError):
    """Several resources match the task. Describe may still return a deleted one."""


class InUseError(TransientError):
    """A resource to be deleted is in use. Describe may still return a deleted user of the resource."""


class DryRunExecutedError(ConflictError):
    """The server carried out a call with DryRun, which EC2 never does."""
