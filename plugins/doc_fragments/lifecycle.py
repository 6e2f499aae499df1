# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Options and attributes of the modules that create, update and delete resources.
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait after a change until EC2 returns the new state. EC2 is eventually consistent, and these
        resources have no state attribute.
      - Later tasks that use the resource retry, so they do not need this option.
      - Set it if the same task may run again within seconds. While EC2 still returns the old state, that run repeats
        the change or creates a second filter of the same name.
    type: bool
    default: false
  wait_timeout:
    description:
      - The maximum time to wait with O(wait=true), in seconds, 1 to 86400.
    type: int
    default: 120
attributes:
  check_mode:
    description: Can run in C(check_mode) and predicts the result without changing anything.
    support: full
  diff_mode:
    description: Returns the changes, or in check mode the predicted changes, in C(diff).
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
"""
