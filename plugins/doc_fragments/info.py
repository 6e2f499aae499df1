# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Attributes of the info modules.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description:
      - Can run in C(check_mode) and returns the same result as without it.
      - Placeholders of ids are accepted only in check mode. No resource has such an id yet.
    support: full
  diff_mode:
    description: Returns the changes, or in check mode the predicted changes, in C(diff).
    support: N/A
"""
