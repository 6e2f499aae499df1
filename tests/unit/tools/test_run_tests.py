# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What make test prints of its parts."""

from __future__ import annotations

import re

import pytest

from tools import run_tests
from tools.run_tests import Outcome, first_failure, table

PYTEST = """\
..F.E                                                  [100%]
==================================== ERRORS ====================================
______________________ ERROR at setup of test_b ______________________
E   no emulator
=================================== FAILURES ===================================
_________________________________ test_a _________________________________
>   assert 1 == 2
_________________________________ test_c _________________________________
>   assert 3 == 4
=========================== short test summary info ============================
FAILED tests/unit/test_x.py::test_a
2 failed, 3 passed, 1 error in 0.02s
make[1]: *** [Makefile:57: unit] Error 1
"""


@pytest.mark.parametrize(
    ("status", "output", "passed", "failed"),
    [
        (0, "601 passed in 56.16s\n", 601, 0),
        (2, PYTEST, 3, 3),
        (0, "ansible-test sanity found nothing wrong: 24 tests ran\n", 24, 0),
        (0, "5 targets ran against the emulator in 67 seconds\n", 5, 0),
        (0, "All checks passed!\n", 1, 0),
        (2, "E501 Line too long\nFound 1 error.\n", 0, 1),
        (2, "Traceback\n", 0, 1),
    ],
)
def test_parts_count_what_passed_and_failed(status, output, passed, failed):
    outcome = Outcome("part", status, output, 1.0, 2.0)
    assert (outcome.passed, outcome.failed) == (passed, failed)


def test_the_first_failure_of_pytest_is_shown_and_no_other():
    lines = first_failure(PYTEST)
    assert lines[-1] == "E   no emulator" and not any("test_a" in line for line in lines)
    failures = PYTEST.partition("E   no emulator\n")[2]
    assert first_failure(failures)[-1] == ">   assert 1 == 2"


def test_the_end_of_other_output_is_shown_without_the_words_of_make():
    output = "".join(f"line {number}\n" for number in range(200)) + "ERROR: line too long\nmake[1]: *** [x] Error 1\n"
    lines = first_failure(output)
    assert lines[-1] == "ERROR: line too long" and len(lines) <= run_tests.SHOWN


def test_the_table_has_a_line_for_each_part():
    lines = table([Outcome("unit", 0, "3 passed", 12.4, 20.6), Outcome("lint", 2, "no", 1.0, 1.0)]).splitlines()
    assert [re.split(" {2,}", line) for line in lines] == [
        ["part", "result", "passed", "failed", "seconds", "CPU s"],
        ["unit", "ok", "3", "0", "12", "21"],
        ["lint", "FAILED", "0", "1", "1", "1"],
    ]


def test_every_part_is_a_target_of_the_makefile():
    makefile = (run_tests.ROOT / "Makefile").read_text()
    parts = [part for lanes in run_tests.PHASES for lane in lanes for part in lane]
    assert parts and all(re.search(rf"^{part}: ", makefile, re.MULTILINE) for part in parts)
