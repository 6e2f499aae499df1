# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A random sample of the fault cases, killed runs and concurrent runs. make faults runs all of them."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.integration.conftest import ROOT


def test_sample_of_fault_cases():
    seed = ["--seed", "1"] if "CI" in os.environ else []
    command = [sys.executable, "-m", "tests.faults", "--quick", "--processes", "1", *seed]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
