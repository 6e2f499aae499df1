// Copyright (c) 2026, the vtap.aws contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Call the emulator with the AWS SDK for JavaScript v3 and compare the SDK's replies with the requests.
//
// Environment: the AWS_* variables of the emulator, and CLIENTS_LAB, a JSON object with the ids of the lab and with
// "sources", the ids of 12 more network interfaces. Ends with status 1 at the first mismatch.

import * as sdk from "@aws-sdk/client-ec2";

import { client, code, handler, run, same, send } from "./checks.mjs";

const lab = JSON.parse(process.env.CLIENTS_LAB);
const description = `clients <js> & "friends"`; // characters that XML escapes
const absent = "0123456789abcdef0";
const made = {}; // ids of created resources

const tags = (pairs = {}) => Object.entries(pairs).map(([Key, Value]) => ({ Key, Value }));
const tagged = (kind, pairs) => [{ ResourceType: `traffic-mirror-${kind}`, Tags: tags(pairs) }];
const by = (Name, value) => [{ Name, Values: [value] }];

async function mirrors(noun, input) {
  return (await send(`DescribeTrafficMirror${noun}s`, input))[`TrafficMirror${noun}s`];
}

async function one(noun, id) {
  const found = await mirrors(noun, { [`TrafficMirror${noun}Ids`]: [id] });
  same(`${noun} by id`, found.length, 1);
  return found[0];
}

// Create a resource and check that the reply has the members of the request, those in more, and no others.
async function create(noun, input, more) {
  const output = await send(`CreateTrafficMirror${noun}`, input);
  const row = output[`TrafficMirror${noun}`];
  const id = row[`TrafficMirror${noun}Id`];
  const { TagSpecifications, ...sent } = input;
  const Tags = TagSpecifications?.[0].Tags ?? [];
  same(`created ${noun}`, row, { [`TrafficMirror${noun}Id`]: id, ...sent, Tags, ...more });
  same("generated client token", output.ClientToken.length, 36);
  return id;
}

const owner = { OwnerId: lab.account };
const rule = {
  TrafficDirection: "ingress",
  RuleNumber: 10,
  RuleAction: "accept",
  Protocol: 6,
  SourceCidrBlock: "10.0.0.0/8",
  DestinationCidrBlock: "10.71.0.0/16",
  SourcePortRange: { FromPort: 0, ToPort: 65535 },
  DestinationPortRange: { FromPort: 443, ToPort: 443 },
  Description: description,
};
const plainRule = {
  TrafficDirection: "egress",
  RuleNumber: 32766,
  RuleAction: "reject",
  SourceCidrBlock: "2001:db8::/32",
  DestinationCidrBlock: "::/0",
};

async function plainSession(eni, target, number, more) {
  const input = { NetworkInterfaceId: eni, TrafficMirrorTargetId: target, TrafficMirrorFilterId: made.filter };
  const { TrafficMirrorSession: row } = await send("CreateTrafficMirrorSession", { ...input, SessionNumber: number });
  const { VirtualNetworkId, TrafficMirrorSessionId, ...others } = row;
  same("assigned VNI", Number.isInteger(VirtualNetworkId) && VirtualNetworkId > 0 && VirtualNetworkId < 2 ** 24, true);
  same("session without optional members", others, { ...input, ...owner, SessionNumber: number, Tags: [], ...more });
  return TrafficMirrorSessionId;
}

async function stepCreate() {
  const lists = { IngressFilterRules: [], EgressFilterRules: [], NetworkServices: [] };
  const filterTags = tagged("filter", { Name: "js", empty: "" });
  made.filter = await create("Filter", { Description: description, TagSpecifications: filterTags }, lists);
  const parent = { TrafficMirrorFilterId: made.filter };
  const ruleTags = tagged("filter-rule", { Name: "https" });
  made.ingress = await create("FilterRule", { ...parent, ...rule, TagSpecifications: ruleTags });
  made.egress = await create("FilterRule", { ...parent, ...plainRule });
  made.balancer = await create(
    "Target",
    {
      NetworkLoadBalancerArn: lab.load_balancers["sensors-b"],
      Description: description,
      TagSpecifications: tagged("target", { Name: "js" }),
    },
    { ...owner, Type: "network-load-balancer" },
  );
  const sensor = { NetworkInterfaceId: lab.interfaces.sensor };
  made.interface = await create("Target", sensor, { ...owner, Type: "network-interface" });
  const endpoint = { GatewayLoadBalancerEndpointId: lab.endpoint };
  made.endpoint = await create("Target", endpoint, { ...owner, Type: "gateway-load-balancer-endpoint" });
  made.session = await create(
    "Session",
    {
      NetworkInterfaceId: lab.interfaces.web,
      TrafficMirrorTargetId: made.balancer,
      TrafficMirrorFilterId: made.filter,
      SessionNumber: 7,
      PacketLength: 128,
      VirtualNetworkId: 16777215,
      Description: description,
      TagSpecifications: tagged("session", { Name: "js" }),
    },
    owner,
  );
  made.plain = await plainSession(lab.interfaces["app-1"], made.interface, 32766);
}

async function stepDescribe() {
  const session = await one("Session", made.session);
  same("description of session", session.Description, description);
  const names = {
    description,
    "network-interface-id": lab.interfaces.web,
    "packet-length": "128",
    "session-number": "7",
    "traffic-mirror-session-id": made.session,
    "traffic-mirror-target-id": made.balancer,
    "virtual-network-id": "16777215",
  };
  for (const [name, value] of Object.entries(names))
    same(`sessions by ${name}`, await mirrors("Session", { Filters: by(name, value) }), [session]);
  for (const [name, value] of Object.entries({ "owner-id": lab.account, "traffic-mirror-filter-id": made.filter }))
    same(`sessions by ${name}`, (await mirrors("Session", { Filters: by(name, value) })).length, 2);
  const target = await one("Target", made.balancer);
  const arn = lab.load_balancers["sensors-b"];
  for (const [name, value] of Object.entries({ description, "network-load-balancer-arn": arn }))
    same(`targets by ${name}`, await mirrors("Target", { Filters: by(name, value) }), [target]);
  const filter = await one("Filter", made.filter);
  same("filters by description", await mirrors("Filter", { Filters: by("description", description) }), [filter]);
  const wanted = { TrafficMirrorFilterRuleId: made.ingress, TrafficMirrorFilterId: made.filter, ...rule };
  same("rules in filter", filter.IngressFilterRules, [{ ...wanted, Tags: tags({ Name: "https" }) }]);
  const numbers = { protocol: "6", "rule-number": "10", "source-cidr-block": "10.0.0.0/8" };
  for (const [name, value] of Object.entries(numbers))
    same(`rules by ${name}`, await mirrors("FilterRule", { Filters: by(name, value) }), filter.IngressFilterRules);
  const egress = { TrafficMirrorFilterId: made.filter, Filters: by("traffic-direction", "egress") };
  same("rules by filter and direction", await mirrors("FilterRule", egress), filter.EgressFilterRules);
}

async function stepModify() {
  const change = {
    TrafficMirrorFilterId: lab.filter,
    TrafficMirrorTargetId: made.interface,
    SessionNumber: 1,
    PacketLength: 68,
    VirtualNetworkId: 1,
    Description: "modified",
  };
  const id = { TrafficMirrorSessionId: made.session };
  const wanted = { ...(await one("Session", made.session)), ...change };
  const { TrafficMirrorSession: reply } = await send("ModifyTrafficMirrorSession", { ...id, ...change });
  same("modified session", await one("Session", made.session), wanted);
  same("reply to modify session", reply, { ...wanted, Tags: [] }); // tags are not returned by Modify
  const fields = ["packet-length", "description", "virtual-network-id"];
  const back = { TrafficMirrorFilterId: made.filter, TrafficMirrorTargetId: made.balancer, RemoveFields: fields };
  const { TrafficMirrorSession: removed } = await send("ModifyTrafficMirrorSession", { ...id, ...back });
  same("description removed", "Description" in removed, false);
  same("packet length reset for a load balancer", removed.PacketLength, 8500);
  same("new VNI", removed.VirtualNetworkId !== 1, true);

  const ruleId = { TrafficMirrorFilterRuleId: made.ingress };
  const changed = {
    TrafficDirection: "egress",
    RuleNumber: 1,
    RuleAction: "reject",
    Protocol: 17,
    SourceCidrBlock: "0.0.0.0/0",
    DestinationCidrBlock: "10.71.1.0/24",
    DestinationPortRange: { FromPort: 53, ToPort: 54 },
  };
  const gone = { RemoveFields: ["source-port-range", "description"] };
  await send("ModifyTrafficMirrorFilterRule", { ...ruleId, ...changed, ...gone });
  const now = { ...ruleId, TrafficMirrorFilterId: made.filter, ...changed, Tags: tags({ Name: "https" }) };
  same("modified rule", (await one("Filter", made.filter)).EgressFilterRules[0], now);
  const ports = { ...ruleId, RemoveFields: ["destination-port-range", "protocol"] };
  const { TrafficMirrorFilterRule: bare } = await send("ModifyTrafficMirrorFilterRule", ports);
  const { Protocol, DestinationPortRange, Tags, ...rest } = now;
  same("protocol and ports removed", bare, rest);

  const parent = { TrafficMirrorFilterId: made.filter };
  const services = "ModifyTrafficMirrorFilterNetworkServices";
  const added = await send(services, { ...parent, AddNetworkServices: ["amazon-dns"] });
  same("service added", added.TrafficMirrorFilter.NetworkServices, ["amazon-dns"]);
  await send(services, { ...parent, RemoveNetworkServices: ["amazon-dns"] });
  same("service removed", (await one("Filter", made.filter)).NetworkServices, []);
}

async function stepTags() {
  const Resources = [made.filter, made.ingress, made.balancer, made.session];
  const tagsOf = async (id) => {
    const { Tags } = await send("DescribeTags", { Filters: by("resource-id", id) });
    return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
  };
  await send("CreateTags", { Resources, Tags: tags({ Owner: "a & b", Name: "new" }) });
  same("tags of filter", await tagsOf(made.filter), { Name: "new", Owner: "a & b", empty: "" });
  for (const id of Resources.slice(1)) same(`tags of ${id}`, await tagsOf(id), { Name: "new", Owner: "a & b" });
  await send("DeleteTags", { Resources, Tags: [{ Key: "Owner" }, { Key: "Name", Value: "other" }] });
  same("tags with another value stay", await tagsOf(made.session), { Name: "new" });
  same("tags in description", (await one("Session", made.session)).Tags, tags({ Name: "new" }));
  await send("DeleteTags", { Resources: [made.filter] });
  same("no tags", (await one("Filter", made.filter)).Tags, []);
}

async function stepDryRun() {
  const before = await one("Filter", made.filter);
  const filter = { TrafficMirrorFilterId: made.filter };
  const ruleId = { TrafficMirrorFilterRuleId: made.ingress };
  const session = { TrafficMirrorSessionId: made.session };
  const ends = { NetworkInterfaceId: lab.interfaces.db, TrafficMirrorTargetId: made.interface };
  const calls = {
    CreateTrafficMirrorFilter: {},
    CreateTrafficMirrorFilterRule: { ...filter, ...plainRule, RuleNumber: 9 },
    CreateTrafficMirrorTarget: { NetworkInterfaceId: lab.interfaces.db },
    CreateTrafficMirrorSession: { ...ends, ...filter, SessionNumber: 1 },
    ModifyTrafficMirrorFilterRule: { ...ruleId, RuleNumber: 9 },
    ModifyTrafficMirrorFilterNetworkServices: { ...filter, AddNetworkServices: ["amazon-dns"] },
    ModifyTrafficMirrorSession: { ...session, SessionNumber: 9 },
    DeleteTrafficMirrorFilter: filter,
    DeleteTrafficMirrorFilterRule: ruleId,
    DeleteTrafficMirrorTarget: { TrafficMirrorTargetId: made.endpoint },
    DeleteTrafficMirrorSession: session,
    DescribeTrafficMirrorFilters: {},
    DescribeTrafficMirrorFilterRules: {},
    DescribeTrafficMirrorSessions: {},
    DescribeTrafficMirrorTargets: {},
    CreateTags: { Resources: [made.filter], Tags: tags({ dry: "run" }) },
    DeleteTags: { Resources: [made.filter] },
    DescribeTags: {},
  };
  for (const [name, input] of Object.entries(calls))
    same(`dry run of ${name}`, await code(name, { ...input, DryRun: true }), "DryRunOperation");
  same("filter after dry runs", await one("Filter", made.filter), before);
}

// Read every list in pages of five: with the SDK's paginators, and rules, which have no paginator, by token.
async function stepPaging() {
  const pages = async (paginate, member, input = {}) => {
    const sizes = [];
    for await (const page of paginate({ client, pageSize: 5 }, input)) sizes.push(page[member].length);
    return sizes;
  };
  const sessions = [];
  const filters = [];
  for (const source of lab.sources) {
    sessions.push(await plainSession(source, made.balancer, 5, { PacketLength: 8500 }));
    filters.push((await send("CreateTrafficMirrorFilter")).TrafficMirrorFilter.TrafficMirrorFilterId);
    await create("FilterRule", { TrafficMirrorFilterId: filters.at(-1), ...plainRule });
  }
  same("sessions", await pages(sdk.paginateDescribeTrafficMirrorSessions, "TrafficMirrorSessions"), [5, 5, 4]);
  same("filters", await pages(sdk.paginateDescribeTrafficMirrorFilters, "TrafficMirrorFilters"), [5, 5, 4]);
  const sizes = [];
  const seen = new Set();
  let NextToken;
  do {
    const page = await send("DescribeTrafficMirrorFilterRules", { MaxResults: 5, NextToken });
    sizes.push(page.TrafficMirrorFilterRules.length);
    for (const row of page.TrafficMirrorFilterRules) seen.add(row.TrafficMirrorFilterRuleId);
    ({ NextToken } = page);
  } while (NextToken);
  same("pages of rules", sizes, [5, 5, 5, 1]);
  same("different rules", seen.size, 16);
  await send("CreateTags", { Resources: sessions, Tags: tags({ page: "yes" }) });
  same("pages of tags", await pages(sdk.paginateDescribeTags, "Tags", { Filters: by("key", "page") }), [5, 5, 2]);
  for (const id of sessions) await send("DeleteTrafficMirrorSession", { TrafficMirrorSessionId: id });
  const targets = [];
  for (const NetworkInterfaceId of lab.sources)
    targets.push(await create("Target", { NetworkInterfaceId }, { ...owner, Type: "network-interface" }));
  same("targets", await pages(sdk.paginateDescribeTrafficMirrorTargets, "TrafficMirrorTargets"), [5, 5, 5, 1]);
  for (const id of targets) await send("DeleteTrafficMirrorTarget", { TrafficMirrorTargetId: id });
  for (const id of filters) await send("DeleteTrafficMirrorFilter", { TrafficMirrorFilterId: id });
}

async function stepErrors() {
  const filter = { TrafficMirrorFilterId: made.filter };
  const ends = { NetworkInterfaceId: lab.interfaces["app-1"], TrafficMirrorTargetId: made.balancer };
  const id = (noun, prefix) => ({ [`TrafficMirror${noun}Id`]: `${prefix}-${absent}` });
  const cases = [
    ["DeleteTrafficMirrorSession", id("Session", "tms"), "InvalidTrafficMirrorSessionId.NotFound"],
    ["DeleteTrafficMirrorFilter", id("Filter", "tmf"), "InvalidTrafficMirrorFilterId.NotFound"],
    ["DeleteTrafficMirrorTarget", id("Target", "tmt"), "InvalidTrafficMirrorTargetId.NotFound"],
    ["DeleteTrafficMirrorFilterRule", id("FilterRule", "tmfr"), "InvalidTrafficMirrorFilterRuleId.NotFound"],
    ["DeleteTrafficMirrorSession", { TrafficMirrorSessionId: "tms-junk" }, "InvalidParameterValue"],
    ["DeleteTrafficMirrorFilter", filter, "TrafficMirrorFilterInUse"],
    ["DeleteTrafficMirrorTarget", { TrafficMirrorTargetId: made.balancer }, "TrafficMirrorTargetInUse"],
    ["CreateTrafficMirrorFilterRule", { ...filter, ...plainRule }, "TrafficMirrorFilterRuleAlreadyExists"],
    ["CreateTrafficMirrorSession", { ...ends, ...filter, SessionNumber: 32766 }, "InvalidParameterValue"],
    ["CreateTrafficMirrorTarget", { NetworkInterfaceId: lab.interfaces.web }, "InterfaceInUseByTrafficMirrorSession"],
    ["DescribeTrafficMirrorFilters", { NextToken: "junk" }, "InvalidNextToken"],
  ];
  for (const [name, input, wanted] of cases) same(`error of ${name}`, await code(name, input), wanted);
}

async function stepClientToken() {
  const input = { ClientToken: "vtap-js-1", Description: "once" };
  const first = await send("CreateTrafficMirrorFilter", input);
  same("replayed filter", await send("CreateTrafficMirrorFilter", input), first);
  same("returned token", first.ClientToken, "vtap-js-1");
  const other = { ...input, Description: "twice" };
  same("token of another request", await code("CreateTrafficMirrorFilter", other), "IdempotentParameterMismatch");
  const { TrafficMirrorFilterId } = first.TrafficMirrorFilter;
  await send("DeleteTrafficMirrorFilter", { TrafficMirrorFilterId });
}

// Delete everything and check that only the lab's resources remain.
async function stepDelete() {
  const nouns = { session: "Session", plain: "Session", balancer: "Target", interface: "Target", endpoint: "Target" };
  for (const [name, noun] of Object.entries({ ...nouns, ingress: "FilterRule", filter: "Filter" })) {
    const id = { [`TrafficMirror${noun}Id`]: made[name] };
    same(`deleted ${name}`, await send(`DeleteTrafficMirror${noun}`, id), id);
  }
  same("no sessions", await mirrors("Session"), []);
  same("targets of the lab", (await mirrors("Target")).map((row) => row.TrafficMirrorTargetId), [lab.target]);
  same("filters of the lab", (await mirrors("Filter")).map((row) => row.TrafficMirrorFilterId), [lab.filter]);
}

// Compare the request ids that the SDK reports with those in the bodies, and headers with bodies.
async function stepRequestIds() {
  for (const name of ["DescribeTrafficMirrorFilters", "DescribeNetworkInterfaces"]) {
    const output = await send(name);
    same(`request id of ${name}`, output.$metadata.requestId, handler.last);
  }
  const bad = { TrafficMirrorFilterId: `tmf-${absent}` };
  const error = await send("DeleteTrafficMirrorFilter", bad).catch((thrown) => thrown);
  same("request id of an error", error.$metadata.requestId, handler.last);
  same(`header and body of ${handler.count} replies`, handler.wrong, "");
}

await run("js", {
  create: stepCreate,
  describe: stepDescribe,
  modify: stepModify,
  tags: stepTags,
  "dry run": stepDryRun,
  paging: stepPaging,
  errors: stepErrors,
  "client token": stepClientToken,
  delete: stepDelete,
  "request ids": stepRequestIds,
});
