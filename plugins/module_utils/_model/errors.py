# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of a task, apart from those of EC2."""

from __future__ import annotations


class ValidationError(Exception):
    """Options that cannot be right; the message names the option and what it takes."""


class ConflictError(Exception):
    """A change that will not be made; the message names the objects and the way out."""


class TransientError(ConflictError):
    """ConflictError because of what EC2 shows, which may lag behind what was done: worth another look before giving
    up."""


class NotFoundError(TransientError):
    """An object that the task names does not exist, or does not show yet."""


class AmbiguousMatchError(TransientError):
    """More than one object could be meant, or one that is gone still shows."""


class InUseError(TransientError):
    """An object that the task removes is in use, or still seems to be."""
