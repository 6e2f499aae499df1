# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sample of the matrix of faults, kills and runs at once, another one each time; make faults runs all of it."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.integration.conftest import ROOT


def test_a_sample_of_the_faults():
    seed = ["--seed", "1"] if "CI" in os.environ else []
    command = [sys.executable, "-m", "tests.faults", "--quick", "--processes", "1", *seed]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
