# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What the modules have whose objects are used by sessions
    DOCUMENTATION = r"""
options:
  removed_session_ids:
    description:
      - "Sessions that do not count as users of the object when it is removed, because an earlier task of the play
        removes them: in check mode they are still there, and in a real run EC2 may still show them for a moment."
      - EC2 itself refuses the removal if one of them still uses the object.
    type: list
    elements: str
"""
