# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kinds of object are, as data, and the translation between the options' words and EC2's.

An object is a plain dict in the options' words: C(traffic_mirror_session_id), C(packet_length), ... plus
C(owner_id), C(arn) and C(tags) (a dict). A field that EC2 leaves out because it is not set reads as the value that
unsets it (C(0), C("")), so that an object fed back as options says exactly the same thing.

Nothing here knows Ansible or boto3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

Options = dict[str, Any]  # in the options' words
Members = dict[str, Any]  # in EC2's words

# What an object returned by an info module says about itself and nobody can set. The modules take both as options,
# so that such an object can be fed back as it stands, and refuse a value that is not the object's own.
READ_ONLY = ("owner_id", "arn")

# EC2 ids: 17 hex digits, 8 in accounts that keep the old short form.
ID_DIGITS = r"(?:[0-9a-f]{8}|[0-9a-f]{17})"


class BadInput(Exception):
    """Options that cannot be right; the message names the option and what it takes."""


class Refused(Exception):
    """A change that will not be made; the message names the objects and the way out."""


class NotThere(Refused):
    """An object that the task names does not exist, or does not show yet: EC2 is eventually consistent."""


@dataclass(frozen=True)
class Field:
    """One attribute of a kind.

    option, member: its name in the options and in EC2's API.
    change: C(modify) in place, C(replace) only by a new object.
    remove: its name in C(RemoveFields), if it can be reset; C(unset) is the option's value that asks for the reset.
    minimum, maximum: the range of an integer, both inclusive.
    prefix: of the id that the field holds.
    """

    option: str
    member: str
    type: str = "str"
    change: str = "modify"
    remove: str | None = None
    unset: Any = None
    minimum: int | None = None
    maximum: int | None = None
    prefix: str | None = None

    def check(self, value: Any) -> None:
        """Raise BadInput unless O(value) is in range and of the right form."""
        if self.prefix is not None:
            check_id(self.option, value, self.prefix)
        too_small = self.minimum is not None and value < self.minimum
        too_large = self.maximum is not None and value > self.maximum
        if (too_small or too_large) and value != self.unset:
            raise BadInput(f"{self.option} must be {self.range()}, not {value}.")

    def range(self) -> str:
        """The allowed range in words: C("1 to 32766"), C("0 (reset) or 1 to 65535")."""
        text = f"{self.minimum} to {self.maximum}"
        return text if self.unset is None else f"{self.unset} (reset) or {text}"


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    key: its name in results (C(traffic_mirror_session)). noun: its name in messages.
    api: its name in EC2's action and member names. prefix: of its ids.
    natural_key: the options that together identify one object to EC2 itself, besides its id.
    name_scope: the options within which the Name tag identifies an object; the empty tuple means the whole account.
    needed: the options without which none can be created.
    filters: the names that its Describe action documents.
    """

    key: str
    noun: str
    api: str
    prefix: str
    fields: tuple[Field, ...]
    natural_key: tuple[str, ...] = ()
    name_scope: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()

    @property
    def id_option(self) -> str:
        return f"{self.key}_id"

    @property
    def id_member(self) -> str:
        return f"{self.api}Id"

    @property
    def resource_type(self) -> str:
        """Its name in tag specifications, ARNs and Describe filters: C(traffic-mirror-session)."""
        return self.key.replace("_", "-")

    @property
    def fixed(self) -> set[str]:
        """The options that EC2 cannot change on an existing object."""
        return {field.option for field in self.fields if field.change == "replace"}

    def label(self, found: Options) -> str:
        """How messages name one object: its noun, id, what it sits on, name and owner, as far as known."""
        facts = [f"{option} {found[option]}" for option in self.natural_key if found.get(option) is not None]
        name = found.get("tags", {}).get("Name")
        facts += [f"Name {name}"] if name else []
        facts += [f"owner {found['owner_id']}"] if found.get("owner_id") else []
        words = [self.noun, found.get(self.id_option, ""), f"({', '.join(facts)})" if facts else ""]
        return " ".join(filter(None, words))


# Ranges: the session number and the packet length are in EC2's service model. The virtual network id has no
# documented range; VXLAN (RFC 7348) gives it 24 bits. A packet length has no documented maximum except for Network
# Load Balancers (see NLB_PACKET_LENGTH); an IP packet has at most 65535 bytes.
SESSION = Kind(
    key="traffic_mirror_session",
    noun="session",
    api="TrafficMirrorSession",
    prefix="tms",
    fields=(
        Field("network_interface_id", "NetworkInterfaceId", change="replace", prefix="eni"),
        Field("session_number", "SessionNumber", type="int", minimum=1, maximum=32766),
        Field("traffic_mirror_filter_id", "TrafficMirrorFilterId", prefix="tmf"),
        Field("traffic_mirror_target_id", "TrafficMirrorTargetId", prefix="tmt"),
        Field("packet_length", "PacketLength", type="int", minimum=1, maximum=65535, remove="packet-length", unset=0),
        Field("virtual_network_id", "VirtualNetworkId", type="int", minimum=0, maximum=16777215),
        Field("description", "Description", remove="description", unset=""),
    ),
    natural_key=("network_interface_id", "session_number"),
    name_scope=("network_interface_id",),
    needed=("network_interface_id", "traffic_mirror_filter_id", "traffic_mirror_target_id"),
    filters=(
        "description",
        "network-interface-id",
        "owner-id",
        "packet-length",
        "session-number",
        "traffic-mirror-filter-id",
        "traffic-mirror-session-id",
        "traffic-mirror-target-id",
        "virtual-network-id",
    ),
)

# Filters and targets are read here only to resolve names and to learn a target's type.
FILTER = Kind(
    key="traffic_mirror_filter",
    noun="filter",
    api="TrafficMirrorFilter",
    prefix="tmf",
    fields=(Field("description", "Description", change="replace", unset=""),),
)
TARGET = Kind(
    key="traffic_mirror_target",
    noun="target",
    api="TrafficMirrorTarget",
    prefix="tmt",
    fields=(
        Field("description", "Description", change="replace", unset=""),
        Field("type", "Type", change="replace"),
    ),
)

# With a Network Load Balancer as the target EC2 takes 1 to 8500, and reports 8500 for a session whose packet length
# was never set (EC2's service model, CreateTrafficMirrorSession). A Gateway Load Balancer endpoint has an MTU of
# 8500 (Traffic Mirroring guide, quotas); what it reports is not documented.
NLB_PACKET_LENGTH = 8500
NLB, GWLBE, ENI = "network-load-balancer", "gateway-load-balancer-endpoint", "network-interface"

# A source interface takes this many sessions (Traffic Mirroring guide, quotas; not adjustable).
SESSIONS_PER_INTERFACE = 3


def check_id(option: str, value: str, prefix: str) -> None:
    """Raise BadInput unless O(value) looks like an EC2 id with this prefix."""
    if not re.fullmatch(f"{prefix}-{ID_DIGITS}", value):
        raise BadInput(f"{option} must be {prefix}- followed by 8 or 17 hexadecimal digits, not {value!r}.")


def read(kind: Kind, reply: Members, arn_base: str) -> Options:
    """An object in EC2's words turned into the options' words.

    arn_base: C(arn:PARTITION:ec2:REGION); the ARN's form is that of the Service Authorization Reference for EC2.
    """
    found = {kind.id_option: reply[kind.id_member]}
    for field in kind.fields:
        found[field.option] = reply.get(field.member, field.unset)
    if "OwnerId" in reply:
        found["owner_id"] = reply["OwnerId"]
        found["arn"] = f"{arn_base}:{reply['OwnerId']}:{kind.resource_type}/{reply[kind.id_member]}"
    found["tags"] = {tag["Key"]: tag["Value"] for tag in reply.get("Tags", [])}
    return found


def members(kind: Kind, values: Options) -> Members:
    """The request members for these values; a value that means "not set" has none."""
    return {
        field.member: values[field.option]
        for field in kind.fields
        if field.option in values and not (field.remove and values[field.option] == field.unset)
    }


def resets(kind: Kind, values: Options) -> list[str]:
    """The C(RemoveFields) entries for those of these values that ask for a reset."""
    return [field.remove for field in kind.fields if field.remove and values.get(field.option) == field.unset]
