# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on troubleshooting: its playbook in a lab with ten faults prints the output of the page."""

from __future__ import annotations

import os
import re
import shlex
import subprocess

import pytest

from tests.integration.conftest import MODULE_PYTHON, PLACE, ROOT
from tests.integration.pages import find_blocks, without_space

PAGE = ROOT / "docs/docsite/rst/troubleshooting.rst"
# Ids that the emulator assigns. The ids of the lab are fixed.
ID = re.compile(r"\b([a-z]+)-(?!0a1b2c3d4e5f6)(?:[0-9a-f]{17}|[0-9a-f]{8})\b")


def tagged(kind, name):
    return [{"ResourceType": f"traffic-mirror-{kind}", "Tags": [{"Key": "Name", "Value": name}]}]


def run_instance(ec2, subnet_id, address, group_id):
    """Run an instance. Returns the id of its interface."""
    where = {"SubnetId": subnet_id, "PrivateIpAddress": address, "SecurityGroupIds": [group_id]}
    given = {"ImageId": "ami-0a1b2c3d4e5f60701", "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1}
    return ec2.run_instances(**given, **where)["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"]


def create_target(ec2, name, **destination):
    reply = ec2.create_traffic_mirror_target(TagSpecifications=tagged("target", name), **destination)
    return reply["TrafficMirrorTarget"]["TrafficMirrorTargetId"]


def create_session(ec2, name, interface_id, number, filter_id, target_id):
    reply = ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface_id,
        SessionNumber=number,
        TrafficMirrorFilterId=filter_id,
        TrafficMirrorTargetId=target_id,
        PacketLength=128,
        TagSpecifications=tagged("session", name),
    )
    return reply["TrafficMirrorSession"]["TrafficMirrorSessionId"]


def run_closed_sensor(ec2, lab):
    """Run a sensor with a security group without inbound rules. Returns the id of its interface."""
    group = ec2.create_security_group(GroupName="closed", Description="No inbound rules", VpcId=lab["vpc"])["GroupId"]
    return run_instance(ec2, lab["subnets"]["b"], "10.71.1.50", group)


def run_remote_sensor(ec2):
    """Run a sensor in a VPC that nothing connects with that of the lab. Returns the id of its interface."""
    vpc = ec2.create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.80.0.0/24", AvailabilityZone="eu-west-1a")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="open", Description="VXLAN", VpcId=vpc)["GroupId"]
    vxlan = {"IpProtocol": "udp", "FromPort": 4789, "ToPort": 4789, "IpRanges": [{"CidrIp": "10.71.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[vxlan])
    return run_instance(ec2, subnet, "10.80.0.50", group)


def create_faults(emulator):
    """Create the lab of the page: ten sessions with one fault each."""
    ec2, elbv2, lab = emulator.client(), emulator.client("elbv2"), emulator.lab
    interfaces, everything = lab["interfaces"], lab["filter"]
    empty = ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    dns = ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    ec2.modify_traffic_mirror_filter_network_services(TrafficMirrorFilterId=dns, AddNetworkServices=["amazon-dns"])
    sensor = create_target(ec2, "sensor", NetworkInterfaceId=interfaces["sensor"])
    closed = create_target(ec2, "closed", NetworkInterfaceId=run_closed_sensor(ec2, lab))
    remote = create_target(ec2, "remote", NetworkInterfaceId=run_remote_sensor(ec2))
    balancer = create_target(ec2, "balancer", NetworkLoadBalancerArn=lab["load_balancers"]["sensors-b"])
    endpoint = create_target(ec2, "endpoint", GatewayLoadBalancerEndpointId=lab["endpoint"])
    where = {"SubnetId": lab["subnets"]["a"], "PrivateIpAddress": "10.71.0.60"}
    extra = ec2.create_network_interface(**where)["NetworkInterface"]["NetworkInterfaceId"]
    where = {"InstanceId": lab["instances"]["web"], "DeviceIndex": 1}
    attachment = ec2.attach_network_interface(NetworkInterfaceId=extra, **where)["AttachmentId"]
    for name, interface_id, number, filter_id, target_id in (
        ("no-rules", interfaces["web"], 1, empty, sensor),
        ("closed-group", interfaces["web"], 2, everything, closed),
        ("shadowed", interfaces["web"], 3, everything, sensor),
        ("no-listener", interfaces["app-1"], 1, everything, lab["target"]),
        ("no-route", interfaces["app-1"], 2, dns, remote),
        ("denied", interfaces["app-2"], 1, everything, sensor),
        ("unhealthy", interfaces["app-3"], 1, everything, balancer),
        ("rejected", interfaces["app-3"], 2, dns, endpoint),
        ("stopped", interfaces["db"], 1, everything, sensor),
        ("detached", extra, 1, everything, sensor),
    ):
        create_session(ec2, name, interface_id, number, filter_id, target_id)
    elbv2.modify_listener(ListenerArn=lab["listeners"]["sensors"], Port=4790)
    of_app_2 = {"CidrBlock": "10.71.0.6/32", "Protocol": "17", "PortRange": {"From": 4789, "To": 4789}}
    entry = {"NetworkAclId": lab["network_acl"], "RuleNumber": 50, "RuleAction": "deny", "Egress": False}
    ec2.create_network_acl_entry(**entry, **of_app_2)
    rows = elbv2.describe_target_health(TargetGroupArn=lab["target_groups"]["sensors-b"])["TargetHealthDescriptions"]
    emulator.settings(target_health={row["Target"]["Id"]: "unhealthy" for row in rows})
    emulator.call("PUT", "endpoint_state", {"endpoint": lab["endpoint"], "state": "rejected"})
    ec2.stop_instances(InstanceIds=[lab["instances"]["db"]])
    ec2.detach_network_interface(AttachmentId=attachment, Force=True)


def without_new_ids(text):
    return ID.sub(r"\1-...", text)


def read_page(index):
    """Return a playbook of the page and the output that follows it. index: of the playbook; the second has none."""
    text = PAGE.read_text()
    # The output of the command without a playbook comes first.
    return find_blocks(text, "yaml")[index], without_new_ids(find_blocks(text, "text")[1 + index // 2])


def test_lab_with_ten_faults(play, emulator):
    create_faults(emulator)
    playbook, shown = read_page(0)
    done = play(playbook)
    assert done.returncode == 2, done.stdout + done.stderr
    printed = without_new_ids(done.stdout + done.stderr)
    first, *_between, last = shown.splitlines()
    block = printed[printed.index(first) : printed.index(last) + len(last)]
    # The order of sessions depends on an interface id that the emulator assigns.
    assert sorted(map(str.rstrip, block.splitlines())) == sorted(map(str.rstrip, shown.splitlines()))


def test_command_without_playbook(emulator, tmp_path):
    """The first command of the page, for the stopped instance of the lab."""
    create_faults(emulator)
    command, *_others = find_blocks(PAGE.read_text(), "shell")
    program, *arguments = shlex.split(command.replace("\\\n", " "))
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": str(PLACE / "collections")}
    env |= {"LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1", **emulator.env}
    run = [PLACE / "bin" / program, *arguments, "-e", f"ansible_python_interpreter={MODULE_PYTHON}"]
    done = subprocess.run(run, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    shown = find_blocks(PAGE.read_text(), "text")[0].partition("Module failed: ")[2]
    # ansible-core 2.17 and 2.18 print JSON.
    printed = (done.stdout + done.stderr).replace("\\n", "\n")
    assert without_space(shown) in without_space(printed), printed


@pytest.fixture
def web(emulator):
    """A session of the lab's web server that the fleet ids-prod owns."""
    ec2, lab = emulator.client(), emulator.lab
    session = create_session(ec2, "web", lab["interfaces"]["web"], 1, lab["filter"], lab["target"])
    ec2.create_tags(Resources=[session], Tags=[{"Key": "vtap:fleet", "Value": "ids-prod"}])


@pytest.mark.usefixtures("web")
def test_playbook_for_a_fleet(play, emulator):
    emulator.add_metrics(emulator.lab["instances"]["web"], {"NetworkMirrorIn": 10})
    done = play(read_page(1)[0])
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"ok      all    web      all conditions hold",' in done.stdout, done.stdout


@pytest.mark.usefixtures("web")
def test_playbook_with_a_packet(play):
    playbook, shown = read_page(2)
    done = play(playbook)
    assert done.returncode == 0 and shown in without_new_ids(done.stdout), done.stdout + done.stderr
