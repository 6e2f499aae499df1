# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kinds of object are, as data, and the translation between the options' words and EC2's.

An object is a plain dict in the options' words: C(traffic_mirror_session_id), C(packet_length), ... plus C(tags) (a
dict), C(owner_id) and C(arn) if EC2 says whose it is, and C(rules), a list of such dicts, if it is a filter. A field
that EC2 leaves out because it is not set reads as the value that unsets it (C(0), C("")), so that an object fed back as
options says exactly the same thing.

Nothing here knows Ansible or boto3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.vtap.aws.plugins.module_utils import forms
from ansible_collections.vtap.aws.plugins.module_utils.words import quote, short

Options = dict[str, Any]  # in the options' words
Members = dict[str, Any]  # in EC2's words

# EC2 replies in XML 1.0, which has no way to write these. Some cannot even be sent.
_UNREADABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# EC2 ids: 17 hex digits, 8 in accounts that keep the old short form.
ID_DIGITS = r"(?:[0-9a-f]{8}|[0-9a-f]{17})"


class BadInput(Exception):
    """Options that cannot be right; the message names the option and what it takes."""


class Refused(Exception):
    """A change that will not be made; the message names the objects and the way out."""


class Unsettled(Refused):
    """Refused because of what EC2 shows, which may lag behind what was done: worth another look before giving up."""


class NotThere(Unsettled):
    """An object that the task names does not exist, or does not show yet."""


class Ambiguous(Unsettled):
    """More than one object could be meant, or one that is gone still shows."""


class InUse(Unsettled):
    """An object that the task removes is in use, or still seems to be."""


@dataclass(frozen=True, eq=False)
class Field:
    """One attribute of a kind.

    option, member: its name in the options and in EC2's API. type, choices: of the option.
    change: C(modify) in place, C(replace) only by a new object, C(apart) by calls of its own, in the Create too,
    C(never) if it is EC2 that sets it.
    remove: its name in C(RemoveFields), if it can be reset there.
    unset: the option's value that asks for the reset, and that says that it is not set.
    minimum, maximum: the range of an integer, both inclusive.
    prefix: of the id that the field holds. form: of a value that has several spellings.
    required: whether a part of an object must have it, see Kind.parts.
    """

    option: str
    member: str
    type: str = "str"
    choices: tuple[str, ...] = ()
    change: str = "modify"
    remove: str | None = None
    unset: Any = None
    minimum: int | None = None
    maximum: int | None = None
    prefix: str | None = None
    form: forms.Form | None = None
    required: bool = False

    def parse(self, value: Any) -> Any:
        """The value as results have it. Raises BadInput unless it is in range and of the right form."""
        if self.type == "int" and isinstance(value, bool):
            raise BadInput(f"{self.option} must be {self.range()}, not {value}.")
        if value == self.unset:
            return value
        if self.prefix is not None:
            check_id(self.option, value, self.prefix)
        too_small = self.minimum is not None and value < self.minimum
        too_large = self.maximum is not None and value > self.maximum
        if too_small or too_large:
            raise BadInput(f"{self.option} must be {self.range()}, not {short(value)}.")
        if self.form is None:
            if isinstance(value, str):
                check_text(self.option, value)
            return value
        try:
            return self.form.parse(value)
        except ValueError as error:
            raise BadInput(f"{self.option} {error}.") from error

    def range(self) -> str:
        """The allowed range in words: C("1 to 32766"), C("0 (reset) or 1 to 65535")."""
        text = f"{self.minimum} to {self.maximum}"
        return text if self.unset is None else f"{self.unset} (reset) or {text}"


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of object.

    key: its name in results (C(traffic_mirror_session)). noun: its name in messages.
    api: its name in EC2's action and member names. prefix: of its ids.
    natural_keys: the options that together identify one object to EC2 itself, besides its id; any of several such sets.
    name_scope: the options within which the Name tag identifies an object; the empty tuple means the whole account.
    needed: the options without which none can be created.
    filters: the names that its Describe action documents. own_filters: options that info modules compare themselves.
    owned: whether EC2 says whose an object is.
    parts: the kind of its parts, objects that live and go with it. Of a kind of parts, parent is the member that names
    the object they belong to, listed the option that holds them there, and lists the members in that object's replies.
    """

    key: str
    noun: str
    api: str
    prefix: str
    fields: tuple[Field, ...]
    natural_keys: tuple[tuple[str, ...], ...] = ()
    name_scope: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    own_filters: tuple[str, ...] = ()
    owned: bool = True
    parts: Kind | None = None
    parent: str = ""
    listed: str = ""
    lists: tuple[str, ...] = ()

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

    @property
    def identifying(self) -> tuple[str, ...]:
        """All options of the natural keys."""
        return tuple(option for key in self.natural_keys for option in key)

    @property
    def read_only(self) -> tuple[str, ...]:
        """What an object says about itself and nobody can set. The modules take it as options, so that what an info
        module returns can be fed back as it stands, and refuse a value that is not the object's own."""
        return (*(("owner_id", "arn") if self.owned else ()), *(f.option for f in self.fields if f.change == "never"))

    def label(self, found: Options) -> str:
        """How messages name one object: its noun, id, what it sits on, name and owner, as far as known."""
        facts = [f"{option} {found[option]}" for option in self.identifying if found.get(option) is not None]
        name = found.get("tags", {}).get("Name")
        facts += [f"Name {name}"] if name else []
        facts += [f"owner {found['owner_id']}"] if found.get("owner_id") else []
        known = found.get(self.id_option)  # not a string where an earlier call of a plan has yet to give it
        words = [self.noun, known if isinstance(known, str) else "", f"({', '.join(facts)})" if facts else ""]
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
    natural_keys=(("network_interface_id", "session_number"),),
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

# EC2 documents no range for rule numbers; those of network ACLs, which they resemble, are 1 to 32766.
RULE = Kind(
    key="traffic_mirror_filter_rule",
    noun="rule",
    api="TrafficMirrorFilterRule",
    prefix="tmfr",
    fields=(
        Field("direction", "TrafficDirection", choices=("ingress", "egress"), required=True),
        Field("rule_number", "RuleNumber", type="int", minimum=1, maximum=32766, required=True),
        Field("action", "RuleAction", choices=("accept", "reject"), required=True),
        Field("protocol", "Protocol", form=forms.PROTOCOL, remove="protocol", unset=forms.ANY_PROTOCOL),
        Field("source_cidr", "SourceCidrBlock", form=forms.CIDR, required=True),
        Field("destination_cidr", "DestinationCidrBlock", form=forms.CIDR, required=True),
        Field("source_port", "SourcePortRange", form=forms.PORTS, remove="source-port-range", unset=""),
        Field("destination_port", "DestinationPortRange", form=forms.PORTS, remove="destination-port-range", unset=""),
        Field("description", "Description", remove="description", unset=""),
    ),
    natural_keys=(("direction", "rule_number"),),
    owned=False,
    parent="TrafficMirrorFilterId",
    listed="rules",
    lists=("IngressFilterRules", "EgressFilterRules"),
)
# A filter has no natural key, and EC2 shows nobody else's (only targets can be shared), so none says its owner.
FILTER = Kind(
    key="traffic_mirror_filter",
    noun="filter",
    api="TrafficMirrorFilter",
    prefix="tmf",
    fields=(
        Field("description", "Description", change="replace", unset=""),
        Field("network_services", "NetworkServices", type="list", choices=("amazon-dns",), change="apart", unset=[]),
    ),
    filters=("description", "traffic-mirror-filter-id"),
    owned=False,
    parts=RULE,
)
# An interface or a Network Load Balancer is in one target at most ("Error codes for the Amazon EC2 API",
# InterfaceInUseByTrafficMirrorTarget and NlbInUseByTrafficMirrorTargetException).
TARGET = Kind(
    key="traffic_mirror_target",
    noun="target",
    api="TrafficMirrorTarget",
    prefix="tmt",
    fields=(
        Field("network_interface_id", "NetworkInterfaceId", change="replace", prefix="eni"),
        Field("network_load_balancer_arn", "NetworkLoadBalancerArn", change="replace", form=forms.LOAD_BALANCER),
        Field("gateway_load_balancer_endpoint_id", "GatewayLoadBalancerEndpointId", change="replace", prefix="vpce"),
        Field("description", "Description", change="replace", unset=""),
        Field("type", "Type", change="never"),
    ),
    natural_keys=(
        ("network_interface_id",),
        ("network_load_balancer_arn",),
        ("gateway_load_balancer_endpoint_id",),
    ),
    filters=(
        "description",
        "network-interface-id",
        "network-load-balancer-arn",
        "owner-id",
        "traffic-mirror-target-id",
    ),
    own_filters=("gateway_load_balancer_endpoint_id", "type"),
)

# With a Network Load Balancer as the target EC2 takes 1 to 8500, and reports 8500 for a session whose packet length
# was never set (EC2's service model, CreateTrafficMirrorSession). A Gateway Load Balancer endpoint has an MTU of
# 8500 (Traffic Mirroring guide, quotas); what it reports is not documented.
NLB_PACKET_LENGTH = 8500
NLB, GWLBE, ENI = "network-load-balancer", "gateway-load-balancer-endpoint", "network-interface"

# A source interface takes so many sessions, and a filter so many rules (Traffic Mirroring guide, quotas; not
# adjustable). The guide does not say whether the rules are counted for both directions together; one filter, one count.
SESSIONS_PER_INTERFACE = 3
RULES_PER_FILTER = 10


def check_id(option: str, value: str, prefix: str) -> None:
    """Raise BadInput unless O(value) looks like an EC2 id with this prefix."""
    if not re.fullmatch(f"{prefix}-{ID_DIGITS}", value):
        raise BadInput(f"{option} must be {prefix}- followed by 8 or 17 hexadecimal digits, not {quote(value)}.")


def check_text(option: str, value: str) -> None:
    """Raise BadInput unless EC2 can hold this text."""
    found = _UNREADABLE.search(value)
    if found:
        raise BadInput(f"{option} must not have the character {found[0]!r}, which EC2 cannot return.")


def check_number(option: str, value: float, lowest: float, highest: float | None = None, unit: str = "") -> None:
    """Raise BadInput unless the value is in this range. NaN is not, nor is C(yes), though it equals 1 in Python."""
    if isinstance(value, bool) or not lowest <= value or (highest is not None and value > highest):
        allowed = f"{lowest} or more" if highest is None else f"{lowest} to {highest}"
        raise BadInput(f"{option} must be {allowed}{unit}, not {short(value)}.")


def read(kind: Kind, reply: Members, arn_base: str) -> Options:
    """An object in EC2's words turned into the options' words, with its parts in their order.

    arn_base: C(arn:PARTITION:ec2:REGION); the ARN's form is that of the Service Authorization Reference for EC2.
    """
    found = {kind.id_option: reply[kind.id_member]}
    for field in kind.fields:
        value = reply.get(field.member)
        if value is not None:
            found[field.option] = field.form.from_api(value) if field.form else value
        elif field.unset is not None:
            found[field.option] = field.unset
    if kind.owned and "OwnerId" in reply:
        found["owner_id"] = reply["OwnerId"]
        found["arn"] = f"{arn_base}:{reply['OwnerId']}:{kind.resource_type}/{reply[kind.id_member]}"
    if kind.parts is not None:
        found[kind.parts.listed] = in_order(
            [read(kind.parts, row, arn_base) for member in kind.parts.lists for row in reply.get(member, [])]
        )
    found["tags"] = {tag["Key"]: tag["Value"] for tag in reply.get("Tags", [])}
    return found


def in_order(rules: list[Options]) -> list[Options]:
    """Rules as EC2 lists and applies them: ingress before egress, the lowest number first."""
    return sorted(rules, key=lambda rule: (rule["direction"] != "ingress", rule["rule_number"]))


def members(kind: Kind, values: Options) -> Members:
    """The request members for these values; a value that means "not set" has none."""
    return {
        field.member: field.form.to_api(values[field.option]) if field.form else values[field.option]
        for field in kind.fields
        if field.change in ("modify", "replace") and values.get(field.option, field.unset) != field.unset
    }


def resets(kind: Kind, values: Options) -> list[str]:
    """The C(RemoveFields) entries for those of these values that ask for a reset."""
    return [
        field.remove
        for field in kind.fields
        if field.remove and field.option in values and values[field.option] == field.unset
    ]
