# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The number of sources that a target accepts: 10 or 100 if it is a network interface, otherwise any number."""

from __future__ import annotations

from .._ec2.errors import Ec2Error
from .._model.errors import TransientError
from .._model.resource_types import ENI, SESSION, TARGET, ModuleParams
from .references import Reader

SOURCES, MORE_SOURCES = 10, 100
# The instance types whose interfaces accept MORE_SOURCES as a target (Traffic Mirroring guide, "Quotas", read on
# SOURCE_DATE).
SOURCE_DATE = "2026-11-25"
_TYPES = """
m5.24xlarge m5d.24xlarge m5dn.24xlarge m5n.24xlarge m5zn.12xlarge m6a.48xlarge m6g.16xlarge m6gd.16xlarge m6i.32xlarge
m6id.32xlarge m6idn.32xlarge m6in.32xlarge m7a.48xlarge m7i.48xlarge m8a.48xlarge m8azn.24xlarge m8g.48xlarge
m8gb.24xlarge m8gb.48xlarge m8gd.48xlarge m8gn.24xlarge m8gn.48xlarge m8i.96xlarge m8id.96xlarge
c5.18xlarge c5.24xlarge c5d.18xlarge c5d.24xlarge c5n.18xlarge c6a.48xlarge c6g.16xlarge c6gd.16xlarge c6gn.16xlarge
c6i.32xlarge c6id.32xlarge c6in.32xlarge c7a.48xlarge c7gn.16xlarge c7i.48xlarge c8a.48xlarge c8g.48xlarge
c8gb.24xlarge c8gb.48xlarge c8gd.48xlarge c8gn.24xlarge c8gn.48xlarge c8i.96xlarge c8id.96xlarge
r5.24xlarge r5b.24xlarge r5d.24xlarge r5dn.24xlarge r5n.24xlarge r6a.48xlarge r6g.16xlarge r6gd.16xlarge r6i.32xlarge
r6id.32xlarge r6idn.32xlarge r6in.32xlarge r7a.48xlarge r7i.48xlarge r7iz.32xlarge r8a.48xlarge r8g.48xlarge
r8gb.24xlarge r8gb.48xlarge r8gd.48xlarge r8gn.24xlarge r8gn.48xlarge r8i.96xlarge r8id.96xlarge u-6tb1.56xlarge
u-6tb1.112xlarge u-9tb1.112xlarge u-12tb1.112xlarge u-18tb1.112xlarge u-24tb1.112xlarge u7i-6tb.112xlarge
u7i-8tb.112xlarge u7i-12tb.224xlarge u7in-16tb.224xlarge u7in-24tb.224xlarge u7in-32tb.224xlarge u7inh-32tb.480xlarge
x2gd.16xlarge x2idn.32xlarge x2iedn.32xlarge x2iezn.12xlarge x8g.48xlarge x8aedz.24xlarge x8i.96xlarge z1d.12xlarge
i3en.24xlarge i4g.16xlarge i4i.32xlarge i7i.48xlarge i7ie.48xlarge i8g.48xlarge i8ge.48xlarge im4gn.16xlarge
dl1.24xlarge dl2q.24xlarge f2.48xlarge g5.48xlarge g5g.16xlarge g6.48xlarge g6e.12xlarge g6e.24xlarge g6e.48xlarge
g7e.12xlarge g7e.24xlarge g7e.48xlarge inf1.24xlarge inf2.48xlarge p3dn.24xlarge p4d.24xlarge p4de.24xlarge p5.4xlarge
p5.48xlarge p5e.48xlarge p5en.48xlarge p6-b200.48xlarge p6-b300.48xlarge p6e-gb200.36xlarge trn1.32xlarge
trn1n.32xlarge trn2.3xlarge trn2.48xlarge trn2u.48xlarge vt1.24xlarge
hpc6a.48xlarge hpc6id.32xlarge hpc7a.12xlarge hpc7a.24xlarge hpc7a.48xlarge hpc7a.96xlarge hpc7g.4xlarge hpc7g.8xlarge
hpc7g.16xlarge hpc8a.96xlarge
"""
TYPES_WITH_MORE_SOURCES = frozenset(_TYPES.split())


def max_sources(instance_type: str | None) -> int:
    """Return the number of sources that a network interface of this instance type accepts as a target."""
    return MORE_SOURCES if instance_type in TYPES_WITH_MORE_SOURCES else SOURCES


def check_sources(target: ModuleParams, interface: str, reader: Reader) -> None:
    """Raise TransientError if the target accepts no further source, as EC2 does, for check mode.

    interface: the source to add. A target of another account, or whose instance type cannot be read, is not judged.
    Raises Ec2Error.
    """
    if target.get("type") != ENI or reader.is_foreign(target.get("owner_id")):
        return
    target_id = target[TARGET.id_option]
    sessions = reader.describe(SESSION, filters={"traffic-mirror-target-id": [target_id]})
    sources = {row.get("network_interface_id") for row in sessions}
    if interface in sources or len(sources) < SOURCES:
        return
    instance_type = _instance_type(target.get("network_interface_id", ""), reader)
    limit = max_sources(instance_type)
    if instance_type is not None and len(sources) >= limit:
        raise TransientError(
            f"TrafficMirrorSourcesPerTargetLimitExceeded: {TARGET.label(target)} has {len(sources)} sources, and "
            f"EC2 allows {limit} with instance type {instance_type}. Use another target or a Network Load Balancer."
        )


def _instance_type(interface: str, reader: Reader) -> str | None:
    """Return the type of the instance of an interface, None if it is unknown."""
    try:
        instance_id = ((reader.interface(interface) or {}).get("Attachment") or {}).get("InstanceId")
        instance = reader.instance(instance_id) if instance_id else None
    except Ec2Error:
        return None
    return (instance or {}).get("InstanceType")
