# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call the emulator with the aws command and compare its output with the requests.

Each call starts a process, so calls that do not depend on each other run in two threads, and boto3 creates the
resources for the tests of paging.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

from .checks import Checks, calls, control

DESCRIPTION = 'clients <cli> & "friends"'
MISSING = "0123456789abcdef0"
_CODE = re.compile(r"An error occurred \(([^)]*)\)")


def aws(command: str, *arguments: str) -> dict[str, Any]:
    """Return the parsed output of `aws ec2 COMMAND`. Raises RuntimeError with the error output."""
    done = _run(command, arguments)
    if done.returncode:
        raise RuntimeError(f"aws ec2 {command} {' '.join(arguments)}: {done.stderr.strip()}")
    output: dict[str, Any] = json.loads(done.stdout or "{}")
    return output


def code(command: str, *arguments: str) -> str:
    """Return the error code of `aws ec2 COMMAND`, "OK" if the command succeeded."""
    done = _run(command, arguments)
    if not done.returncode:
        return "OK"
    found = _CODE.search(done.stderr)
    return found.group(1) if found else done.stderr.strip()


def _run(command: str, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    line = ["aws", "ec2", command, "--output", "json", *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def tagged(kind: str, **tags: str) -> tuple[str, str]:
    """Return the option that tags a new resource."""
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return "--tag-specifications", json.dumps([{"ResourceType": f"traffic-mirror-{kind}", "Tags": pairs}])


class Cli(Checks):
    """The steps, and in .ids the ids of the created resources."""

    ids: dict[str, str]

    def create(self) -> None:
        lab = self.lab
        tags = tagged("filter", Name="cli", empty="")
        made = aws("create-traffic-mirror-filter", "--description", DESCRIPTION, *tags)
        filter_id = made["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
        self.ids = {"filter": filter_id}
        self.same(
            "filter",
            made["TrafficMirrorFilter"],
            {
                "TrafficMirrorFilterId": filter_id,
                "Description": DESCRIPTION,
                "IngressFilterRules": [],
                "EgressFilterRules": [],
                "NetworkServices": [],
                "Tags": [{"Key": "Name", "Value": "cli"}, {"Key": "empty", "Value": ""}],
            },
        )
        parent = f"--traffic-mirror-filter-id {filter_id}".split()
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(aws, "create-traffic-mirror-filter-rule", *parent, *self._full_rule())
            second = pool.submit(aws, "create-traffic-mirror-filter-rule", *parent, *self._plain_rule(32766))
            balancer = pool.submit(
                aws,
                "create-traffic-mirror-target",
                *("--network-load-balancer-arn", lab["load_balancers"]["sensors-b"], "--description", DESCRIPTION),
                *tagged("target", Name="cli"),
            )
            sensor = ("--network-interface-id", lab["interfaces"]["sensor"])
            eni = pool.submit(aws, "create-traffic-mirror-target", *sensor)
        self._check_rules(first.result()["TrafficMirrorFilterRule"], second.result()["TrafficMirrorFilterRule"])
        self._check_targets(balancer.result()["TrafficMirrorTarget"], eni.result()["TrafficMirrorTarget"])
        self._create_session()

    def _full_rule(self) -> list[str]:
        values = "--traffic-direction ingress --rule-number 10 --rule-action accept --protocol 6"
        cidrs = "--source-cidr-block 10.0.0.0/8 --destination-cidr-block 10.71.0.0/16"
        ports = "--source-port-range FromPort=0,ToPort=65535 --destination-port-range FromPort=443,ToPort=443"
        tags = tagged("filter-rule", Name="https")
        return [*values.split(), *cidrs.split(), *ports.split(), "--description", DESCRIPTION, *tags]

    def _plain_rule(self, number: int) -> list[str]:
        values = f"--traffic-direction egress --rule-number {number} --rule-action reject"
        return [*values.split(), "--source-cidr-block", "2001:db8::/32", "--destination-cidr-block", "::/0"]

    def _check_rules(self, full: dict[str, Any], plain: dict[str, Any]) -> None:
        self.ids["ingress"] = full.pop("TrafficMirrorFilterRuleId")
        plain.pop("TrafficMirrorFilterRuleId")
        self.same(
            "rule with all members",
            full,
            {
                "TrafficMirrorFilterId": self.ids["filter"],
                "TrafficDirection": "ingress",
                "RuleNumber": 10,
                "RuleAction": "accept",
                "Protocol": 6,
                "SourceCidrBlock": "10.0.0.0/8",
                "DestinationCidrBlock": "10.71.0.0/16",
                "SourcePortRange": {"FromPort": 0, "ToPort": 65535},
                "DestinationPortRange": {"FromPort": 443, "ToPort": 443},
                "Description": DESCRIPTION,
                "Tags": [{"Key": "Name", "Value": "https"}],
            },
        )
        self.same(
            "rule without optional members",
            plain,
            {
                "TrafficMirrorFilterId": self.ids["filter"],
                "TrafficDirection": "egress",
                "RuleNumber": 32766,
                "RuleAction": "reject",
                "SourceCidrBlock": "2001:db8::/32",
                "DestinationCidrBlock": "::/0",
                "Tags": [],
            },
        )

    def _check_targets(self, balancer: dict[str, Any], eni: dict[str, Any]) -> None:
        lab = self.lab
        self.ids["balancer"] = balancer.pop("TrafficMirrorTargetId")
        self.ids["eni"] = eni.pop("TrafficMirrorTargetId")
        self.same(
            "target with a load balancer",
            balancer,
            {
                "NetworkLoadBalancerArn": lab["load_balancers"]["sensors-b"],
                "Type": "network-load-balancer",
                "Description": DESCRIPTION,
                "OwnerId": lab["account"],
                "Tags": [{"Key": "Name", "Value": "cli"}],
            },
        )
        interface = {"NetworkInterfaceId": lab["interfaces"]["sensor"], "Type": "network-interface"}
        self.same("target with an interface", eni, {**interface, "OwnerId": lab["account"], "Tags": []})

    def _create_session(self) -> None:
        eni = self.lab["interfaces"]["web"]
        ends = f"--network-interface-id {eni} --traffic-mirror-target-id {self.ids['balancer']}"
        numbers = "--session-number 7 --packet-length 128 --virtual-network-id 16777215"
        made = aws(
            "create-traffic-mirror-session",
            *f"{ends} --traffic-mirror-filter-id {self.ids['filter']} {numbers}".split(),
            *("--description", DESCRIPTION),
            *tagged("session", Name="cli"),
        )
        self.session = made["TrafficMirrorSession"]
        self.ids["session"] = self.session["TrafficMirrorSessionId"]
        self.same(
            "session",
            self.session,
            {
                "TrafficMirrorSessionId": self.ids["session"],
                "TrafficMirrorTargetId": self.ids["balancer"],
                "TrafficMirrorFilterId": self.ids["filter"],
                "NetworkInterfaceId": self.lab["interfaces"]["web"],
                "OwnerId": self.lab["account"],
                "SessionNumber": 7,
                "PacketLength": 128,
                "VirtualNetworkId": 16777215,
                "Description": DESCRIPTION,
                "Tags": [{"Key": "Name", "Value": "cli"}],
            },
        )

    def describe(self) -> None:
        numbers = "Name=session-number,Values=3,7 Name=packet-length,Values=128 Name=virtual-network-id,Values=16777215"
        text = json.dumps([{"Name": "description", "Values": [DESCRIPTION]}])
        by_filter = f"--traffic-mirror-filter-id {self.ids['filter']} --filters Name=rule-number,Values=10".split()
        jobs = {
            "sessions by id": ("session", "--traffic-mirror-session-ids", self.ids["session"]),
            "sessions by numbers": ("session", "--filters", *numbers.split()),
            "targets by text": ("target", "--filters", text),
            "filters by text": ("filter", "--filters", text),
            "rules by filter and number": ("filter-rule", *by_filter),
        }
        wanted = {"session": "session", "target": "balancer", "filter": "filter", "filter-rule": "ingress"}
        with ThreadPoolExecutor(2) as pool:
            outputs = pool.map(lambda job: aws(f"describe-traffic-mirror-{job[0]}s", *job[1:]), jobs.values())
        for (what, job), output in zip(jobs.items(), outputs, strict=True):
            noun = job[0].title().replace("-", "")
            rows = output[f"TrafficMirror{noun}s"]
            self.same(what, [row[f"TrafficMirror{noun}Id"] for row in rows], [self.ids[wanted[job[0]]]])
            if noun == "Session":
                self.same(f"{what}: all members", rows, [self.session])

    def modify(self) -> None:
        session = ("modify-traffic-mirror-session", "--traffic-mirror-session-id", self.ids["session"])
        numbers = "--session-number 1 --packet-length 68 --virtual-network-id 1"
        changed = aws(*session, *numbers.split(), "--description", "modified")["TrafficMirrorSession"]
        numbers_now = {"SessionNumber": 1, "PacketLength": 68, "VirtualNetworkId": 1, "Description": "modified"}
        self.same("modified session", changed, {**self.session, **numbers_now, "Tags": []})
        removed = aws(*session, "--remove-fields", "packet-length", "description")["TrafficMirrorSession"]
        self.same("fields removed", (removed.get("Description"), removed["PacketLength"]), (None, 8500))
        rule = ("modify-traffic-mirror-filter-rule", "--traffic-mirror-filter-rule-id", self.ids["ingress"])
        values = "--rule-action reject --protocol 17 --destination-port-range FromPort=53,ToPort=54"
        row = aws(*rule, *values.split(), "--remove-fields", "source-port-range")["TrafficMirrorFilterRule"]
        self.same("modified rule", (row["RuleAction"], row["Protocol"]), ("reject", 17))
        self.same("destination ports", row["DestinationPortRange"], {"FromPort": 53, "ToPort": 54})
        self.same("source ports removed", "SourcePortRange" in row, False)
        services = "modify-traffic-mirror-filter-network-services"
        filter_id = ("--traffic-mirror-filter-id", self.ids["filter"])
        added = aws(services, *filter_id, "--add-network-services", "amazon-dns")["TrafficMirrorFilter"]
        self.same("service added", added["NetworkServices"], ["amazon-dns"])

    def tags(self) -> None:
        resources = ("--resources", *(self.ids[name] for name in ("filter", "ingress", "balancer", "session")))
        aws("create-tags", *resources, "--tags", "Key=Owner,Value=a & b", "Key=Name,Value=new")
        aws("delete-tags", *resources, "--tags", "Key=Owner", "Key=Name,Value=other")
        rows = aws("describe-tags", "--filters", "Name=key,Values=Name", "Name=value,Values=new")["Tags"]
        kinds = {row["ResourceId"]: row["ResourceType"] for row in rows}
        expected = {"filter": "filter", "ingress": "filter-rule", "balancer": "target", "session": "session"}
        self.same("tags", kinds, {self.ids[name]: f"traffic-mirror-{kind}" for name, kind in expected.items()})

    def codes(self, expected: dict[tuple[str, ...], str]) -> None:
        """Check the error codes of commands."""
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(lambda line: code(*line), expected)
        for (line, wanted), got in zip(expected.items(), found, strict=True):
            self.same(" ".join(line), got, wanted)

    def dry_run(self) -> None:
        ids = self.ids
        lines = (
            "create-traffic-mirror-filter",
            f"create-traffic-mirror-target --network-interface-id {self.lab['interfaces']['db']}",
            f"modify-traffic-mirror-session --traffic-mirror-session-id {ids['session']} --session-number 9",
            f"delete-traffic-mirror-filter-rule --traffic-mirror-filter-rule-id {ids['ingress']}",
            f"delete-tags --resources {ids['filter']}",
            "describe-traffic-mirror-sessions",
        )
        self.codes({(*line.split(), "--dry-run"): "DryRunOperation" for line in lines})

    def paging(self) -> None:
        ec2 = boto3.client("ec2")
        for source in self.lab["sources"]:
            made = ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
            cidrs = {"SourceCidrBlock": "0.0.0.0/0", "DestinationCidrBlock": "0.0.0.0/0"}
            rule = {"TrafficDirection": "ingress", "RuleNumber": 1, "RuleAction": "accept", **cidrs}
            ec2.create_traffic_mirror_filter_rule(TrafficMirrorFilterId=made, **rule)
            ends = {"NetworkInterfaceId": source, "TrafficMirrorTargetId": self.ids["balancer"]}
            ec2.create_traffic_mirror_session(**ends, TrafficMirrorFilterId=made, SessionNumber=5)
        control("DELETE", "log")
        for noun, number in (("Session", 13), ("Filter", 14)):
            output = aws(f"describe-traffic-mirror-{noun.lower()}s", "--page-size", "5")
            self.same(f"paginated {noun}s", len(output[f"TrafficMirror{noun}s"]), number)
            self.same(f"pages of {noun}s", len(calls(f"DescribeTrafficMirror{noun}s")), 3)
        first = aws("describe-traffic-mirror-sessions", "--max-items", "7", "--page-size", "5")
        rest = aws("describe-traffic-mirror-sessions", "--starting-token", first["NextToken"])
        split = [len(page["TrafficMirrorSessions"]) for page in (first, rest)]
        self.same("sessions from a starting token", split, [7, 6])
        # The aws command has no paginator for rules.
        rules, token, pages = set(), "", 0
        while token or not pages:
            more = ("--next-token", token) if token else ()
            page = aws("describe-traffic-mirror-filter-rules", "--max-results", "5", *more)
            rules |= {row["TrafficMirrorFilterRuleId"] for row in page["TrafficMirrorFilterRules"]}
            token, pages = page.get("NextToken", ""), pages + 1
        self.same("rules by token", (len(rules), pages), (16, 4))

    def errors(self) -> None:
        rule = ("create-traffic-mirror-filter-rule", "--traffic-mirror-filter-id", self.ids["filter"])
        source = ("create-traffic-mirror-target", "--network-interface-id", self.lab["interfaces"]["web"])

        def delete(noun: str, identifier: str) -> tuple[str, ...]:
            return f"delete-traffic-mirror-{noun}", f"--traffic-mirror-{noun}-id", identifier

        self.codes(
            {
                delete("session", f"tms-{MISSING}"): "InvalidTrafficMirrorSessionId.NotFound",
                delete("filter", f"tmf-{MISSING}"): "InvalidTrafficMirrorFilterId.NotFound",
                delete("target", f"tmt-{MISSING}"): "InvalidTrafficMirrorTargetId.NotFound",
                delete("filter-rule", f"tmfr-{MISSING}"): "InvalidTrafficMirrorFilterRuleId.NotFound",
                delete("session", "tms-junk"): "InvalidParameterValue",
                delete("filter", self.ids["filter"]): "TrafficMirrorFilterInUse",
                delete("target", self.ids["balancer"]): "TrafficMirrorTargetInUse",
                (*rule, *self._plain_rule(32766)): "TrafficMirrorFilterRuleAlreadyExists",
                source: "InterfaceInUseByTrafficMirrorSession",
            }
        )

    def client_token(self) -> None:
        token = ["create-traffic-mirror-filter", "--client-token", "vtap-cli-1"]
        first, second = (aws(*token)["TrafficMirrorFilter"] for _call in range(2))
        self.same("replayed filter", second, first)
        self.codes({(*token, "--description", "twice"): "IdempotentParameterMismatch"})

    def delete(self) -> None:
        for name, noun in (("session", "session"), ("eni", "target"), ("ingress", "filter-rule")):
            option = f"--traffic-mirror-{noun}-id"
            output = aws(f"delete-traffic-mirror-{noun}", option, self.ids[name])
            member = f"TrafficMirror{noun.title().replace('-', '')}Id"
            self.same(f"deleted {name}", output, {member: self.ids[name]})
        gone = f"describe-traffic-mirror-sessions --traffic-mirror-session-ids {self.ids['session']}"
        self.codes({tuple(gone.split()): "InvalidTrafficMirrorSessionId.NotFound"})

    def request_ids(self) -> None:
        lines = (
            ("describe-traffic-mirror-filters",),
            ("delete-traffic-mirror-filter", "--traffic-mirror-filter-id", f"tmf-{MISSING}"),
        )
        for line in lines:
            debug = _run(line[0], (*line[1:], "--debug")).stderr
            header = re.search(r"Response headers: .*'x-amzn-requestid': '([^']*)'", debug, re.IGNORECASE)
            body = re.search(r"<(?:requestId|RequestID)>([^<]*)<", debug)
            found = [match.group(1) if match else None for match in (header, body)]
            self.same(f"{line[0]}: request id in the header and the body", found[0], found[1])


def main() -> int:
    """Run all steps. Returns the exit status."""
    cli = Cli()
    steps = {
        "create": cli.create,
        "describe": cli.describe,
        "modify": cli.modify,
        "tags": cli.tags,
        "dry run": cli.dry_run,
        "paging": cli.paging,
        "errors": cli.errors,
        "client token": cli.client_token,
        "delete": cli.delete,
        "request ids": cli.request_ids,
    }
    return cli.run("aws", steps)


if __name__ == "__main__":
    sys.exit(main())
