# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps a loop that gives many interfaces one name from moving one session from each to the next.

O(allow_replacement) moves a session whose name appears with another interface. The module sees one item of a loop and
cannot tell a name that moved from a name that several items share; only here, on the controller, all items pass by.
"""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction

# Per loop and name the interface that had it first. One process runs all items of a task on a host, and only those.
_first_interface = {}


class ActionModule(NormalAction):
    def run(self, tmp=None, task_vars=None):
        args = self._task.args
        name, interface = args.get("name"), args.get("network_interface_id")
        if self._task.loop and name and interface and boolean(args.get("allow_replacement", False), strict=False):
            first = _first_interface.setdefault((self._task._uuid, name), interface)
            if interface != first:
                self._task.args = {**args, "allow_replacement": False}
        return super().run(tmp, task_vars)
