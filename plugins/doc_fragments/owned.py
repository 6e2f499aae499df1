# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What the modules have whose objects say in EC2's replies which account owns them
    DOCUMENTATION = r"""
options:
  owner_id:
    description:
      - The account that owns the object, as an info module returns it.
      - It cannot be set. The task fails if an existing object has another owner.
    type: str
  arn:
    description:
      - The ARN of the object, as an info module returns it.
      - It cannot be set. The task fails if an existing object has another ARN.
    type: str
"""
