# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Options of the modules for resources whose owner EC2 returns.
    DOCUMENTATION = r"""
options:
  owner_id:
    description:
      - The id of the AWS account that owns the resource, as the info module returns it.
      - It cannot be set. The task fails if an existing resource has another owner.
    type: str
  arn:
    description:
      - The ARN of the resource, as the info module returns it.
      - It cannot be set. The task fails if an existing resource has another ARN.
    type: str
"""
