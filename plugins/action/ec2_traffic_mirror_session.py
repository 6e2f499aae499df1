# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restrict O(allow_replacement) to the first interface in a loop that uses one name for several interfaces.

O(allow_replacement) moves a session whose name is given with another interface. In a loop, each module run has one item
only and cannot distinguish a session to move from a name that several items share. The action plugin runs on the
controller for all items: it sets O(allow_replacement=false) for items that have the same name and another interface
than the first.
"""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction

# Task UUID and name -> interface of the first item. Ansible runs all loop items of a task on a host in one process,
# and the process runs nothing else.
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
