// Copyright (c) 2026, the vtap.aws contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Characters that XML escapes.
const description = `clients <go> & "friends"`

func tags(pairs ...string) []types.Tag {
	result := []types.Tag{}
	for i := 0; i < len(pairs); i += 2 {
		result = append(result, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return result
}

func tagged(kind types.ResourceType, pairs ...string) []types.TagSpecification {
	return []types.TagSpecification{{ResourceType: kind, Tags: tags(pairs...)}}
}

func by(name, value string) []types.Filter {
	return []types.Filter{{Name: &name, Values: []string{value}}}
}

func (w *walk) create() {
	filter := ok(w.ec2.CreateTrafficMirrorFilter(w.ctx, &ec2.CreateTrafficMirrorFilterInput{
		Description:       aws.String(description),
		TagSpecifications: tagged(types.ResourceTypeTrafficMirrorFilter, "Name", "go", "empty", ""),
	}))
	w.filter = aws.ToString(filter.TrafficMirrorFilter.TrafficMirrorFilterId)
	w.same("filter", filter.TrafficMirrorFilter, &types.TrafficMirrorFilter{
		TrafficMirrorFilterId: &w.filter,
		Description:           aws.String(description),
		IngressFilterRules:    []types.TrafficMirrorFilterRule{},
		EgressFilterRules:     []types.TrafficMirrorFilterRule{},
		NetworkServices:       []types.TrafficMirrorNetworkService{},
		Tags:                  tags("Name", "go", "empty", ""),
	})
	// The SDK generates a client token if the request has none.
	w.same("generated client token", len(aws.ToString(filter.ClientToken)), 36)

	ingress := ok(w.ec2.CreateTrafficMirrorFilterRule(w.ctx, &ec2.CreateTrafficMirrorFilterRuleInput{
		TrafficMirrorFilterId: &w.filter,
		TrafficDirection:      types.TrafficDirectionIngress,
		RuleNumber:            aws.Int32(10),
		RuleAction:            types.TrafficMirrorRuleActionAccept,
		Protocol:              aws.Int32(6),
		SourceCidrBlock:       aws.String("10.0.0.0/8"),
		DestinationCidrBlock:  aws.String("10.71.0.0/16"),
		SourcePortRange:       &types.TrafficMirrorPortRangeRequest{FromPort: aws.Int32(0), ToPort: aws.Int32(65535)},
		DestinationPortRange:  &types.TrafficMirrorPortRangeRequest{FromPort: aws.Int32(443), ToPort: aws.Int32(443)},
		Description:           aws.String(description),
		TagSpecifications:     tagged(types.ResourceTypeTrafficMirrorFilterRule, "Name", "https"),
	})).TrafficMirrorFilterRule
	w.ingress = aws.ToString(ingress.TrafficMirrorFilterRuleId)
	w.same("rule with all members", *ingress, w.ingressRule())
	w.egress = w.newRule(w.filter, types.TrafficDirectionEgress, 32766)

	w.balancerTarget = w.newTarget(&ec2.CreateTrafficMirrorTargetInput{
		NetworkLoadBalancerArn: aws.String(w.lab.LoadBalancers["sensors-b"]),
		Description:            aws.String(description),
		TagSpecifications:      tagged(types.ResourceTypeTrafficMirrorTarget, "Name", "go"),
	}, types.TrafficMirrorTargetTypeNetworkLoadBalancer, tags("Name", "go"))
	w.eniTarget = w.newTarget(&ec2.CreateTrafficMirrorTargetInput{
		NetworkInterfaceId: aws.String(w.lab.Interfaces["sensor"]),
	}, types.TrafficMirrorTargetTypeNetworkInterface, tags())
	w.gwlTarget = w.newTarget(&ec2.CreateTrafficMirrorTargetInput{
		GatewayLoadBalancerEndpointId: &w.lab.Endpoint,
	}, types.TrafficMirrorTargetTypeGatewayLoadBalancerEndpoint, tags())

	session := ok(w.ec2.CreateTrafficMirrorSession(w.ctx, &ec2.CreateTrafficMirrorSessionInput{
		NetworkInterfaceId:    aws.String(w.lab.Interfaces["web"]),
		TrafficMirrorTargetId: &w.balancerTarget,
		TrafficMirrorFilterId: &w.filter,
		SessionNumber:         aws.Int32(7),
		PacketLength:          aws.Int32(128),
		VirtualNetworkId:      aws.Int32(16777215),
		Description:           aws.String(description),
		TagSpecifications:     tagged(types.ResourceTypeTrafficMirrorSession, "Name", "go"),
	})).TrafficMirrorSession
	w.session = aws.ToString(session.TrafficMirrorSessionId)
	w.same("session with all members", session, &types.TrafficMirrorSession{
		TrafficMirrorSessionId: &w.session,
		TrafficMirrorTargetId:  &w.balancerTarget,
		TrafficMirrorFilterId:  &w.filter,
		NetworkInterfaceId:     aws.String(w.lab.Interfaces["web"]),
		OwnerId:                &w.lab.Account,
		SessionNumber:          aws.Int32(7),
		PacketLength:           aws.Int32(128),
		VirtualNetworkId:       aws.Int32(16777215),
		Description:            aws.String(description),
		Tags:                   tags("Name", "go"),
	})
	w.plainSession = w.newSession(w.lab.Interfaces["app-1"], w.eniTarget, 32766)
}

func (w *walk) ingressRule() types.TrafficMirrorFilterRule {
	return types.TrafficMirrorFilterRule{
		TrafficMirrorFilterRuleId: &w.ingress,
		TrafficMirrorFilterId:     &w.filter,
		TrafficDirection:          types.TrafficDirectionIngress,
		RuleNumber:                aws.Int32(10),
		RuleAction:                types.TrafficMirrorRuleActionAccept,
		Protocol:                  aws.Int32(6),
		SourceCidrBlock:           aws.String("10.0.0.0/8"),
		DestinationCidrBlock:      aws.String("10.71.0.0/16"),
		SourcePortRange:           &types.TrafficMirrorPortRange{FromPort: aws.Int32(0), ToPort: aws.Int32(65535)},
		DestinationPortRange:      &types.TrafficMirrorPortRange{FromPort: aws.Int32(443), ToPort: aws.Int32(443)},
		Description:               aws.String(description),
		Tags:                      tags("Name", "https"),
	}
}

// newRule creates a rule without optional members and checks that these members are absent.
func (w *walk) newRule(filter string, direction types.TrafficDirection, number int32) string {
	rule := ok(w.ec2.CreateTrafficMirrorFilterRule(w.ctx, &ec2.CreateTrafficMirrorFilterRuleInput{
		TrafficMirrorFilterId: &filter,
		TrafficDirection:      direction,
		RuleNumber:            &number,
		RuleAction:            types.TrafficMirrorRuleActionReject,
		SourceCidrBlock:       aws.String("2001:db8::/32"),
		DestinationCidrBlock:  aws.String("::/0"),
	})).TrafficMirrorFilterRule
	w.same("rule without optional members", rule, &types.TrafficMirrorFilterRule{
		TrafficMirrorFilterRuleId: rule.TrafficMirrorFilterRuleId,
		TrafficMirrorFilterId:     &filter,
		TrafficDirection:          direction,
		RuleNumber:                &number,
		RuleAction:                types.TrafficMirrorRuleActionReject,
		SourceCidrBlock:           aws.String("2001:db8::/32"),
		DestinationCidrBlock:      aws.String("::/0"),
		Tags:                      tags(),
	})
	return *rule.TrafficMirrorFilterRuleId
}

// newTarget creates a target and checks that only the given destination is present.
func (w *walk) newTarget(in *ec2.CreateTrafficMirrorTargetInput, kind types.TrafficMirrorTargetType, want []types.Tag) string {
	target := ok(w.ec2.CreateTrafficMirrorTarget(w.ctx, in)).TrafficMirrorTarget
	w.same("target", target, &types.TrafficMirrorTarget{
		TrafficMirrorTargetId:         target.TrafficMirrorTargetId,
		NetworkInterfaceId:            in.NetworkInterfaceId,
		NetworkLoadBalancerArn:        in.NetworkLoadBalancerArn,
		GatewayLoadBalancerEndpointId: in.GatewayLoadBalancerEndpointId,
		Description:                   in.Description,
		OwnerId:                       &w.lab.Account,
		Type:                          kind,
		Tags:                          want,
	})
	return *target.TrafficMirrorTargetId
}

// newSession creates a session without optional members and checks that EC2 assigned only a VNI.
func (w *walk) newSession(eni, target string, number int32) string {
	session := ok(w.ec2.CreateTrafficMirrorSession(w.ctx, &ec2.CreateTrafficMirrorSessionInput{
		NetworkInterfaceId:    &eni,
		TrafficMirrorTargetId: &target,
		TrafficMirrorFilterId: &w.filter,
		SessionNumber:         &number,
	})).TrafficMirrorSession
	vni := aws.ToInt32(session.VirtualNetworkId)
	w.same("assigned VNI", vni > 0 && vni < 1<<24, true)
	want := &types.TrafficMirrorSession{
		TrafficMirrorSessionId: session.TrafficMirrorSessionId,
		TrafficMirrorTargetId:  &target,
		TrafficMirrorFilterId:  &w.filter,
		NetworkInterfaceId:     &eni,
		OwnerId:                &w.lab.Account,
		SessionNumber:          &number,
		VirtualNetworkId:       &vni,
		Tags:                   tags(),
	}
	if target == w.balancerTarget {
		want.PacketLength = aws.Int32(8500)
	}
	w.same("session without optional members", session, want)
	return *session.TrafficMirrorSessionId
}

func (w *walk) describe() {
	session := w.sessionNow()
	w.same("description of session", aws.ToString(session.Description), description)
	for name, value := range map[string]string{
		"description": description, "network-interface-id": w.lab.Interfaces["web"], "packet-length": "128",
		"session-number": "7", "traffic-mirror-session-id": w.session, "traffic-mirror-target-id": w.balancerTarget,
		"virtual-network-id": "16777215",
	} {
		found := ok(w.ec2.DescribeTrafficMirrorSessions(w.ctx, &ec2.DescribeTrafficMirrorSessionsInput{Filters: by(name, value)}))
		w.same("sessions by "+name, found.TrafficMirrorSessions, []types.TrafficMirrorSession{session})
	}
	for name, value := range map[string]string{"owner-id": w.lab.Account, "traffic-mirror-filter-id": w.filter} {
		found := ok(w.ec2.DescribeTrafficMirrorSessions(w.ctx, &ec2.DescribeTrafficMirrorSessionsInput{Filters: by(name, value)}))
		w.same("sessions by "+name, len(found.TrafficMirrorSessions), 2)
	}
	for name, value := range map[string]string{
		"description": description, "network-load-balancer-arn": w.lab.LoadBalancers["sensors-b"],
		"traffic-mirror-target-id": w.balancerTarget,
	} {
		found := ok(w.ec2.DescribeTrafficMirrorTargets(w.ctx, &ec2.DescribeTrafficMirrorTargetsInput{Filters: by(name, value)}))
		w.same("targets by "+name, len(found.TrafficMirrorTargets), 1)
		w.same("target by "+name, aws.ToString(found.TrafficMirrorTargets[0].TrafficMirrorTargetId), w.balancerTarget)
	}
	filters := ok(w.ec2.DescribeTrafficMirrorFilters(w.ctx, &ec2.DescribeTrafficMirrorFiltersInput{Filters: by("description", description)}))
	w.same("filters by description", filters.TrafficMirrorFilters, []types.TrafficMirrorFilter{w.filterNow()})
	for name, value := range map[string]string{
		"description": description, "destination-cidr-block": "10.71.0.0/16", "protocol": "6", "rule-number": "10",
		"source-cidr-block": "10.0.0.0/8", "traffic-mirror-filter-rule-id": w.ingress,
	} {
		found := ok(w.ec2.DescribeTrafficMirrorFilterRules(w.ctx, &ec2.DescribeTrafficMirrorFilterRulesInput{Filters: by(name, value)}))
		w.same("rules by "+name, found.TrafficMirrorFilterRules, []types.TrafficMirrorFilterRule{w.ingressRule()})
	}
	rules := ok(w.ec2.DescribeTrafficMirrorFilterRules(w.ctx, &ec2.DescribeTrafficMirrorFilterRulesInput{
		TrafficMirrorFilterId: &w.filter, Filters: by("traffic-direction", "egress"),
	})).TrafficMirrorFilterRules
	w.same("rules by filter and direction", rules, w.filterNow().EgressFilterRules)
	w.same("rules in filter", w.filterNow().IngressFilterRules, []types.TrafficMirrorFilterRule{w.ingressRule()})
}

func (w *walk) sessionNow() types.TrafficMirrorSession {
	found := ok(w.ec2.DescribeTrafficMirrorSessions(w.ctx, &ec2.DescribeTrafficMirrorSessionsInput{
		TrafficMirrorSessionIds: []string{w.session},
	})).TrafficMirrorSessions
	w.same("sessions by id", len(found), 1)
	return found[0]
}

func (w *walk) filterNow() types.TrafficMirrorFilter {
	found := ok(w.ec2.DescribeTrafficMirrorFilters(w.ctx, &ec2.DescribeTrafficMirrorFiltersInput{
		TrafficMirrorFilterIds: []string{w.filter},
	})).TrafficMirrorFilters
	w.same("filters by id", len(found), 1)
	return found[0]
}

func (w *walk) modify() {
	before := w.sessionNow()
	session := ok(w.ec2.ModifyTrafficMirrorSession(w.ctx, &ec2.ModifyTrafficMirrorSessionInput{
		TrafficMirrorSessionId: &w.session, SessionNumber: aws.Int32(1), PacketLength: aws.Int32(68),
		VirtualNetworkId: aws.Int32(1), TrafficMirrorFilterId: &w.lab.Filter, TrafficMirrorTargetId: &w.eniTarget,
		Description: aws.String("modified"),
	})).TrafficMirrorSession
	want := before
	want.SessionNumber, want.PacketLength, want.VirtualNetworkId = aws.Int32(1), aws.Int32(68), aws.Int32(1)
	want.TrafficMirrorFilterId, want.TrafficMirrorTargetId = &w.lab.Filter, &w.eniTarget
	want.Description = aws.String("modified")
	w.same("modified session", w.sessionNow(), want)
	want.Tags = tags() // not returned by Modify
	w.same("reply to modify session", *session, want)

	removed := ok(w.ec2.ModifyTrafficMirrorSession(w.ctx, &ec2.ModifyTrafficMirrorSessionInput{
		TrafficMirrorSessionId: &w.session, TrafficMirrorFilterId: &w.filter, TrafficMirrorTargetId: &w.balancerTarget,
		RemoveFields: []types.TrafficMirrorSessionField{
			types.TrafficMirrorSessionFieldPacketLength, types.TrafficMirrorSessionFieldDescription,
			types.TrafficMirrorSessionFieldVirtualNetworkId,
		},
	})).TrafficMirrorSession
	w.same("description removed", removed.Description, (*string)(nil))
	w.same("packet length reset for a load balancer", aws.ToInt32(removed.PacketLength), int32(8500))
	w.same("new VNI", aws.ToInt32(removed.VirtualNetworkId) != 1, true)

	_, err := w.ec2.ModifyTrafficMirrorFilterRule(w.ctx, &ec2.ModifyTrafficMirrorFilterRuleInput{
		TrafficMirrorFilterRuleId: &w.ingress, TrafficDirection: types.TrafficDirectionEgress, RuleNumber: aws.Int32(1),
		RuleAction: types.TrafficMirrorRuleActionReject, Protocol: aws.Int32(17),
		SourceCidrBlock: aws.String("0.0.0.0/0"), DestinationCidrBlock: aws.String("10.71.1.0/24"),
		DestinationPortRange: &types.TrafficMirrorPortRangeRequest{FromPort: aws.Int32(53), ToPort: aws.Int32(54)},
		RemoveFields: []types.TrafficMirrorFilterRuleField{
			types.TrafficMirrorFilterRuleFieldSourcePortRange, types.TrafficMirrorFilterRuleFieldDescription,
		},
	})
	w.fails("modify rule", "OK", err)
	w.same("modified rule", w.filterNow().EgressFilterRules[0], types.TrafficMirrorFilterRule{
		TrafficMirrorFilterRuleId: &w.ingress,
		TrafficMirrorFilterId:     &w.filter,
		TrafficDirection:          types.TrafficDirectionEgress,
		RuleNumber:                aws.Int32(1),
		RuleAction:                types.TrafficMirrorRuleActionReject,
		Protocol:                  aws.Int32(17),
		SourceCidrBlock:           aws.String("0.0.0.0/0"),
		DestinationCidrBlock:      aws.String("10.71.1.0/24"),
		DestinationPortRange:      &types.TrafficMirrorPortRange{FromPort: aws.Int32(53), ToPort: aws.Int32(54)},
		Tags:                      tags("Name", "https"),
	})
	removedFields := ok(w.ec2.ModifyTrafficMirrorFilterRule(w.ctx, &ec2.ModifyTrafficMirrorFilterRuleInput{
		TrafficMirrorFilterRuleId: &w.ingress,
		RemoveFields: []types.TrafficMirrorFilterRuleField{
			types.TrafficMirrorFilterRuleFieldDestinationPortRange, types.TrafficMirrorFilterRuleFieldProtocol,
		},
	})).TrafficMirrorFilterRule
	w.same("protocol removed", removedFields.Protocol, (*int32)(nil))
	w.same("ports removed", removedFields.DestinationPortRange, (*types.TrafficMirrorPortRange)(nil))

	dns := []types.TrafficMirrorNetworkService{types.TrafficMirrorNetworkServiceAmazonDns}
	services := ok(w.ec2.ModifyTrafficMirrorFilterNetworkServices(w.ctx, &ec2.ModifyTrafficMirrorFilterNetworkServicesInput{
		TrafficMirrorFilterId: &w.filter, AddNetworkServices: dns,
	})).TrafficMirrorFilter
	w.same("service added", services.NetworkServices, dns)
	_, err = w.ec2.ModifyTrafficMirrorFilterNetworkServices(w.ctx, &ec2.ModifyTrafficMirrorFilterNetworkServicesInput{
		TrafficMirrorFilterId: &w.filter, RemoveNetworkServices: dns,
	})
	w.fails("remove service", "OK", err)
	w.same("service removed", w.filterNow().NetworkServices, []types.TrafficMirrorNetworkService{})
}

func (w *walk) tags() {
	resources := []string{w.filter, w.ingress, w.balancerTarget, w.session}
	_, err := w.ec2.CreateTags(w.ctx, &ec2.CreateTagsInput{Resources: resources, Tags: tags("Owner", "a & b", "Name", "new")})
	w.fails("create tags", "OK", err)
	w.same("tags of filter", w.tagsOf(w.filter), []string{"Name=new", "Owner=a & b", "empty="})
	for _, id := range resources[1:] {
		w.same("tags of "+id, w.tagsOf(id), []string{"Name=new", "Owner=a & b"})
	}
	_, err = w.ec2.DeleteTags(w.ctx, &ec2.DeleteTagsInput{
		Resources: resources, Tags: []types.Tag{{Key: aws.String("Owner")}, {Key: aws.String("Name"), Value: aws.String("other")}},
	})
	w.fails("delete tags", "OK", err)
	w.same("tags with another value stay", w.tagsOf(w.session), []string{"Name=new"})
	w.same("tags in description", w.sessionNow().Tags, tags("Name", "new"))
	_, err = w.ec2.DeleteTags(w.ctx, &ec2.DeleteTagsInput{Resources: []string{w.filter}})
	w.fails("delete all tags", "OK", err)
	w.same("no tags", w.filterNow().Tags, tags())
}

// tagsOf returns the tags that DescribeTags shows, as sorted key=value texts.
func (w *walk) tagsOf(id string) []string {
	result := []string{}
	for _, tag := range ok(w.ec2.DescribeTags(w.ctx, &ec2.DescribeTagsInput{Filters: by("resource-id", id)})).Tags {
		result = append(result, fmt.Sprintf("%s=%s", aws.ToString(tag.Key), aws.ToString(tag.Value)))
	}
	slices.Sort(result)
	return result
}
