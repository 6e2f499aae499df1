# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict emulator of EC2's Traffic Mirroring API over HTTP, for tests and demos. Start: python -m tests.emulator"""
