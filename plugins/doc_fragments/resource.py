# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What every module has that makes, changes and removes objects
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Wait after a change until EC2 shows it. EC2 is eventually consistent; these objects have no state to wait for.
      - Tasks that use the object do without, since they look again where EC2 may lag behind. The same task, run again
        while EC2 still shows the old state, would repeat its change, or make a second filter of the same name.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait at most with O(wait=true), 1 to 86400.
    type: int
    default: 120
attributes:
  check_mode:
    description: Can run in C(check_mode) and predicts the result without changing anything.
    support: full
  diff_mode:
    description: Returns what was changed, or would be, in C(diff).
    support: full
  idempotent:
    description: When run twice in a row with the same options, the second run changes nothing.
    support: full
"""
