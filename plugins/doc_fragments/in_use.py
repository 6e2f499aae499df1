# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Options of the modules for resources that sessions use.
    DOCUMENTATION = r"""
options:
  removed_session_ids:
    description:
      - Session ids to ignore in the in-use check of O(state=absent), because an earlier task of the play deletes them.
      - In check mode these sessions still exist. In a real run EC2 may still return them for a moment.
      - EC2 rejects the deletion if one of them still uses the resource.
    type: list
    elements: str
"""
