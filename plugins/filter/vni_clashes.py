# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..module_utils._report.vni_clashes import find_vni_clashes


class FilterModule:
    """The filter vtap.aws.vni_clashes. Its documentation is in vni_clashes.yml."""

    def filters(self):
        """The functions by filter name."""
        return {"vni_clashes": find_vni_clashes}
