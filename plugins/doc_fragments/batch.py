# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Options and attributes of the modules that manage many resources in one task. List it before vtap.aws.common,
    # whose text of verify_permissions it replaces.
    DOCUMENTATION = r"""
options:
  include_unchanged:
    description:
      - Whether RV(plan) has entries for resources that do not change.
    type: bool
    default: false
  workers:
    description:
      - The number of resources to process in parallel, 1 to 50. The default is sufficient for O(api_rate=5.0), unless
        EC2 takes more than two seconds per call.
    type: int
    default: 10
  api_rate:
    description:
      - The rate limit of each EC2 action that creates, modifies or deletes resources, in calls per second, 0.01 to
        100000. The default is the rate that AWS publishes. Tag actions have a higher limit of their own.
      - Increase it if AWS increased the limit of the account. Decrease it to leave quota to other clients.
      - If EC2 throttles calls nevertheless, the module slows down automatically.
    type: float
    default: 5.0
  api_burst:
    description:
      - The burst limit of each of these actions, 1 to 100000. It is the number of calls that EC2 accepts at once
        before O(api_rate) applies.
    type: int
    default: 50
  verify_permissions:
    description:
      - Check the permissions with the C(DryRun) parameter of EC2 before the first change, in check mode as well as
        outside it. Each EC2 action is checked with the first call of the plan that uses it. Calls that need the id of
        a resource that does not exist yet are not checked.
      - The task fails if EC2 would reject any of these calls.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in C(check_mode) and predicts the result without changing anything.
    support: full
  diff_mode:
    description: Returns the plan as a table in C(diff).
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
"""
