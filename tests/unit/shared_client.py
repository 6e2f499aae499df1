# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A boto3 client of the emulator that many Ec2 objects share."""

from __future__ import annotations

import weakref


def create_client(emulator, **more):
    """Return an EC2 client that unregisters a handler, a method, when the method's object is deleted.

    Each Ec2 object registers handlers on its client. Otherwise each call would run the handlers of all earlier Ec2
    objects. more: arguments of boto3.client.
    """
    client = emulator.client(**more)
    events = client.meta.events
    events.register, events.register_first = _weak(events, events.register), _weak(events, events.register_first)
    return client


def _weak(events, register):
    """Return a function like register that keeps no reference to the handler's object."""

    def register_weakly(event, method):
        weak = weakref.WeakMethod(method)

        def handle(**details):
            existing = weak()  # None if the object is deleted while the event is handled
            return existing(**details) if existing else None

        register(event, handle)
        weakref.finalize(method.__self__, events.unregister, event, handle)

    return register_weakly
