# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hypothesis settings of the properties that make calls to the emulator."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

# Without Phase.explain, which would take minutes of calls.
EMULATED = settings(
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
