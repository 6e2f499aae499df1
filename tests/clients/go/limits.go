// Copyright (c) 2026, the vtap.aws contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (w *walk) dryRun() {
	dry := aws.Bool(true)
	eni, cidr := aws.String(w.lab.Interfaces["db"]), aws.String("10.0.0.0/8")
	before := w.filterNow()
	calls := map[string]func() error{
		"CreateTrafficMirrorFilter": func() error {
			_, err := w.ec2.CreateTrafficMirrorFilter(w.ctx, &ec2.CreateTrafficMirrorFilterInput{DryRun: dry})
			return err
		},
		"CreateTrafficMirrorFilterRule": func() error {
			_, err := w.ec2.CreateTrafficMirrorFilterRule(w.ctx, &ec2.CreateTrafficMirrorFilterRuleInput{
				DryRun: dry, TrafficMirrorFilterId: &w.filter, RuleNumber: aws.Int32(9), RuleAction: "accept",
				TrafficDirection: "ingress", SourceCidrBlock: cidr, DestinationCidrBlock: cidr,
			})
			return err
		},
		"CreateTrafficMirrorTarget": func() error {
			_, err := w.ec2.CreateTrafficMirrorTarget(w.ctx, &ec2.CreateTrafficMirrorTargetInput{DryRun: dry, NetworkInterfaceId: eni})
			return err
		},
		"CreateTrafficMirrorSession": func() error {
			_, err := w.ec2.CreateTrafficMirrorSession(w.ctx, &ec2.CreateTrafficMirrorSessionInput{
				DryRun: dry, NetworkInterfaceId: eni, TrafficMirrorTargetId: &w.eniTarget,
				TrafficMirrorFilterId: &w.filter, SessionNumber: aws.Int32(1),
			})
			return err
		},
		"ModifyTrafficMirrorFilterRule": func() error {
			_, err := w.ec2.ModifyTrafficMirrorFilterRule(w.ctx, &ec2.ModifyTrafficMirrorFilterRuleInput{
				DryRun: dry, TrafficMirrorFilterRuleId: &w.ingress, RuleNumber: aws.Int32(9),
			})
			return err
		},
		"ModifyTrafficMirrorFilterNetworkServices": func() error {
			_, err := w.ec2.ModifyTrafficMirrorFilterNetworkServices(w.ctx, &ec2.ModifyTrafficMirrorFilterNetworkServicesInput{
				DryRun: dry, TrafficMirrorFilterId: &w.filter,
				AddNetworkServices: []types.TrafficMirrorNetworkService{types.TrafficMirrorNetworkServiceAmazonDns},
			})
			return err
		},
		"ModifyTrafficMirrorSession": func() error {
			_, err := w.ec2.ModifyTrafficMirrorSession(w.ctx, &ec2.ModifyTrafficMirrorSessionInput{
				DryRun: dry, TrafficMirrorSessionId: &w.session, SessionNumber: aws.Int32(9),
			})
			return err
		},
		"DeleteTrafficMirrorFilter": func() error {
			_, err := w.ec2.DeleteTrafficMirrorFilter(w.ctx, &ec2.DeleteTrafficMirrorFilterInput{DryRun: dry, TrafficMirrorFilterId: &w.filter})
			return err
		},
		"DeleteTrafficMirrorFilterRule": func() error {
			_, err := w.ec2.DeleteTrafficMirrorFilterRule(w.ctx, &ec2.DeleteTrafficMirrorFilterRuleInput{DryRun: dry, TrafficMirrorFilterRuleId: &w.ingress})
			return err
		},
		"DeleteTrafficMirrorTarget": func() error {
			_, err := w.ec2.DeleteTrafficMirrorTarget(w.ctx, &ec2.DeleteTrafficMirrorTargetInput{DryRun: dry, TrafficMirrorTargetId: &w.gwlTarget})
			return err
		},
		"DeleteTrafficMirrorSession": func() error {
			_, err := w.ec2.DeleteTrafficMirrorSession(w.ctx, &ec2.DeleteTrafficMirrorSessionInput{DryRun: dry, TrafficMirrorSessionId: &w.session})
			return err
		},
		"DescribeTrafficMirrorFilters": func() error {
			_, err := w.ec2.DescribeTrafficMirrorFilters(w.ctx, &ec2.DescribeTrafficMirrorFiltersInput{DryRun: dry})
			return err
		},
		"DescribeTrafficMirrorFilterRules": func() error {
			_, err := w.ec2.DescribeTrafficMirrorFilterRules(w.ctx, &ec2.DescribeTrafficMirrorFilterRulesInput{DryRun: dry})
			return err
		},
		"DescribeTrafficMirrorSessions": func() error {
			_, err := w.ec2.DescribeTrafficMirrorSessions(w.ctx, &ec2.DescribeTrafficMirrorSessionsInput{DryRun: dry})
			return err
		},
		"DescribeTrafficMirrorTargets": func() error {
			_, err := w.ec2.DescribeTrafficMirrorTargets(w.ctx, &ec2.DescribeTrafficMirrorTargetsInput{DryRun: dry})
			return err
		},
		"CreateTags": func() error {
			_, err := w.ec2.CreateTags(w.ctx, &ec2.CreateTagsInput{DryRun: dry, Resources: []string{w.filter}, Tags: tags("dry", "run")})
			return err
		},
		"DeleteTags": func() error {
			_, err := w.ec2.DeleteTags(w.ctx, &ec2.DeleteTagsInput{DryRun: dry, Resources: []string{w.filter}})
			return err
		},
		"DescribeTags": func() error {
			_, err := w.ec2.DescribeTags(w.ctx, &ec2.DescribeTagsInput{DryRun: dry})
			return err
		},
	}
	for name, call := range calls {
		w.fails("dry run of "+name, "DryRunOperation", call())
	}
	w.same("filter after dry runs", w.filterNow(), before)
}

// paging reads every list in pages of five: with the SDK's paginators, and rules, which have no paginator, by token.
func (w *walk) paging() {
	var filters, sessions, targets []string
	for _, source := range w.lab.Sources {
		sessions = append(sessions, w.newSession(source, w.balancerTarget, 5))
		filter := ok(w.ec2.CreateTrafficMirrorFilter(w.ctx, &ec2.CreateTrafficMirrorFilterInput{}))
		filters = append(filters, *filter.TrafficMirrorFilter.TrafficMirrorFilterId)
		w.newRule(filters[len(filters)-1], types.TrafficDirectionIngress, 1)
	}
	five := aws.Int32(5)

	var pages []int
	for p := ec2.NewDescribeTrafficMirrorSessionsPaginator(w.ec2, &ec2.DescribeTrafficMirrorSessionsInput{MaxResults: five}); p.HasMorePages(); {
		pages = append(pages, len(ok(p.NextPage(w.ctx)).TrafficMirrorSessions))
	}
	w.same("pages of sessions", pages, []int{5, 5, 4})

	pages = nil
	for p := ec2.NewDescribeTrafficMirrorFiltersPaginator(w.ec2, &ec2.DescribeTrafficMirrorFiltersInput{MaxResults: five}); p.HasMorePages(); {
		pages = append(pages, len(ok(p.NextPage(w.ctx)).TrafficMirrorFilters))
	}
	w.same("pages of filters", pages, []int{5, 5, 4})

	pages = nil
	seen := map[string]bool{}
	for in := (&ec2.DescribeTrafficMirrorFilterRulesInput{MaxResults: five}); ; {
		page := ok(w.ec2.DescribeTrafficMirrorFilterRules(w.ctx, in))
		pages = append(pages, len(page.TrafficMirrorFilterRules))
		for _, rule := range page.TrafficMirrorFilterRules {
			seen[*rule.TrafficMirrorFilterRuleId] = true
		}
		if page.NextToken == nil {
			break
		}
		in.NextToken = page.NextToken
	}
	w.same("pages of rules", pages, []int{5, 5, 5, 1})
	w.same("different rules", len(seen), 16)

	ok(w.ec2.CreateTags(w.ctx, &ec2.CreateTagsInput{Resources: sessions, Tags: tags("page", "yes")}))
	pages = nil
	for p := ec2.NewDescribeTagsPaginator(w.ec2, &ec2.DescribeTagsInput{MaxResults: five, Filters: by("key", "page")}); p.HasMorePages(); {
		pages = append(pages, len(ok(p.NextPage(w.ctx)).Tags))
	}
	w.same("pages of tags", pages, []int{5, 5, 2})

	for _, id := range sessions {
		ok(w.ec2.DeleteTrafficMirrorSession(w.ctx, &ec2.DeleteTrafficMirrorSessionInput{TrafficMirrorSessionId: &id}))
	}
	for _, source := range w.lab.Sources {
		in := &ec2.CreateTrafficMirrorTargetInput{NetworkInterfaceId: &source}
		targets = append(targets, w.newTarget(in, types.TrafficMirrorTargetTypeNetworkInterface, tags()))
	}
	pages = nil
	for p := ec2.NewDescribeTrafficMirrorTargetsPaginator(w.ec2, &ec2.DescribeTrafficMirrorTargetsInput{MaxResults: five}); p.HasMorePages(); {
		pages = append(pages, len(ok(p.NextPage(w.ctx)).TrafficMirrorTargets))
	}
	w.same("pages of targets", pages, []int{5, 5, 5, 1})

	for i := range targets {
		ok(w.ec2.DeleteTrafficMirrorTarget(w.ctx, &ec2.DeleteTrafficMirrorTargetInput{TrafficMirrorTargetId: &targets[i]}))
		ok(w.ec2.DeleteTrafficMirrorFilter(w.ctx, &ec2.DeleteTrafficMirrorFilterInput{TrafficMirrorFilterId: &filters[i]}))
	}
}

func (w *walk) errors() {
	missing := "0123456789abcdef0"
	_, err := w.ec2.DescribeTrafficMirrorSessions(w.ctx, &ec2.DescribeTrafficMirrorSessionsInput{TrafficMirrorSessionIds: []string{"tms-" + missing}})
	w.fails("missing session", "InvalidTrafficMirrorSessionId.NotFound", err)
	_, err = w.ec2.DescribeTrafficMirrorFilters(w.ctx, &ec2.DescribeTrafficMirrorFiltersInput{TrafficMirrorFilterIds: []string{"tmf-" + missing}})
	w.fails("missing filter", "InvalidTrafficMirrorFilterId.NotFound", err)
	_, err = w.ec2.DescribeTrafficMirrorTargets(w.ctx, &ec2.DescribeTrafficMirrorTargetsInput{TrafficMirrorTargetIds: []string{"tmt-" + missing}})
	w.fails("missing target", "InvalidTrafficMirrorTargetId.NotFound", err)
	_, err = w.ec2.DeleteTrafficMirrorFilterRule(w.ctx, &ec2.DeleteTrafficMirrorFilterRuleInput{TrafficMirrorFilterRuleId: aws.String("tmfr-" + missing)})
	w.fails("missing rule", "InvalidTrafficMirrorFilterRuleId.NotFound", err)
	_, err = w.ec2.DeleteTrafficMirrorSession(w.ctx, &ec2.DeleteTrafficMirrorSessionInput{TrafficMirrorSessionId: aws.String("tms-junk")})
	w.fails("malformed id", "InvalidParameterValue", err)
	_, err = w.ec2.DeleteTrafficMirrorFilter(w.ctx, &ec2.DeleteTrafficMirrorFilterInput{TrafficMirrorFilterId: &w.filter})
	w.fails("delete filter in use", "TrafficMirrorFilterInUse", err)
	_, err = w.ec2.DeleteTrafficMirrorTarget(w.ctx, &ec2.DeleteTrafficMirrorTargetInput{TrafficMirrorTargetId: &w.balancerTarget})
	w.fails("delete target in use", "TrafficMirrorTargetInUse", err)
	_, err = w.ec2.CreateTrafficMirrorFilterRule(w.ctx, &ec2.CreateTrafficMirrorFilterRuleInput{
		TrafficMirrorFilterId: &w.filter, TrafficDirection: "egress", RuleNumber: aws.Int32(32766), RuleAction: "accept",
		SourceCidrBlock: aws.String("0.0.0.0/0"), DestinationCidrBlock: aws.String("0.0.0.0/0"),
	})
	w.fails("rule number in use", "TrafficMirrorFilterRuleAlreadyExists", err)
	_, err = w.ec2.CreateTrafficMirrorSession(w.ctx, &ec2.CreateTrafficMirrorSessionInput{
		NetworkInterfaceId: aws.String(w.lab.Interfaces["app-1"]), TrafficMirrorTargetId: &w.balancerTarget,
		TrafficMirrorFilterId: &w.filter, SessionNumber: aws.Int32(32766),
	})
	w.fails("session number in use", "InvalidParameterValue", err)
	_, err = w.ec2.CreateTrafficMirrorTarget(w.ctx, &ec2.CreateTrafficMirrorTargetInput{NetworkInterfaceId: aws.String(w.lab.Interfaces["web"])})
	w.fails("source as target", "InterfaceInUseByTrafficMirrorSession", err)
	_, err = w.ec2.DescribeTrafficMirrorFilters(w.ctx, &ec2.DescribeTrafficMirrorFiltersInput{NextToken: aws.String("junk")})
	w.fails("malformed page token", "InvalidNextToken", err)
}

func (w *walk) clientToken() {
	in := ec2.CreateTrafficMirrorFilterInput{ClientToken: aws.String("vtap-go-1"), Description: aws.String("once")}
	first := ok(w.ec2.CreateTrafficMirrorFilter(w.ctx, &in))
	second := ok(w.ec2.CreateTrafficMirrorFilter(w.ctx, &in))
	w.same("replayed filter", second.TrafficMirrorFilter, first.TrafficMirrorFilter)
	w.same("returned token", aws.ToString(second.ClientToken), "vtap-go-1")
	in.Description = aws.String("twice")
	_, err := w.ec2.CreateTrafficMirrorFilter(w.ctx, &in)
	w.fails("token of another request", "IdempotentParameterMismatch", err)
	_, err = w.ec2.DeleteTrafficMirrorFilter(w.ctx, &ec2.DeleteTrafficMirrorFilterInput{TrafficMirrorFilterId: first.TrafficMirrorFilter.TrafficMirrorFilterId})
	w.fails("delete filter", "OK", err)
}

// delete deletes everything and checks that only the lab's resources remain.
func (w *walk) delete() {
	for _, id := range []string{w.session, w.plainSession} {
		out := ok(w.ec2.DeleteTrafficMirrorSession(w.ctx, &ec2.DeleteTrafficMirrorSessionInput{TrafficMirrorSessionId: &id}))
		w.same("deleted session", aws.ToString(out.TrafficMirrorSessionId), id)
	}
	for _, id := range []string{w.balancerTarget, w.eniTarget, w.gwlTarget} {
		out := ok(w.ec2.DeleteTrafficMirrorTarget(w.ctx, &ec2.DeleteTrafficMirrorTargetInput{TrafficMirrorTargetId: &id}))
		w.same("deleted target", aws.ToString(out.TrafficMirrorTargetId), id)
	}
	rule := ok(w.ec2.DeleteTrafficMirrorFilterRule(w.ctx, &ec2.DeleteTrafficMirrorFilterRuleInput{TrafficMirrorFilterRuleId: &w.ingress}))
	w.same("deleted rule", aws.ToString(rule.TrafficMirrorFilterRuleId), w.ingress)
	filter := ok(w.ec2.DeleteTrafficMirrorFilter(w.ctx, &ec2.DeleteTrafficMirrorFilterInput{TrafficMirrorFilterId: &w.filter}))
	w.same("deleted filter", aws.ToString(filter.TrafficMirrorFilterId), w.filter)

	sessions := ok(w.ec2.DescribeTrafficMirrorSessions(w.ctx, &ec2.DescribeTrafficMirrorSessionsInput{})).TrafficMirrorSessions
	w.same("no sessions", sessions, []types.TrafficMirrorSession{})
	targets := ok(w.ec2.DescribeTrafficMirrorTargets(w.ctx, &ec2.DescribeTrafficMirrorTargetsInput{})).TrafficMirrorTargets
	w.same("targets of the lab", fmt.Sprint(len(targets), *targets[0].TrafficMirrorTargetId), fmt.Sprint(1, w.lab.Target))
	filters := ok(w.ec2.DescribeTrafficMirrorFilters(w.ctx, &ec2.DescribeTrafficMirrorFiltersInput{})).TrafficMirrorFilters
	w.same("filters of the lab", fmt.Sprint(len(filters), *filters[0].TrafficMirrorFilterId), fmt.Sprint(1, w.lab.Filter))
}

// requestIDs compares the request ids that the SDK reports with those in the bodies, and headers with bodies.
func (w *walk) requestIDs() {
	out := ok(w.ec2.DescribeTrafficMirrorFilters(w.ctx, &ec2.DescribeTrafficMirrorFiltersInput{}))
	reported, _ := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
	w.same("request id of a reply", reported, w.replies.last)
	others := ok(w.ec2.DescribeNetworkInterfaces(w.ctx, &ec2.DescribeNetworkInterfacesInput{}))
	reported, _ = awsmiddleware.GetRequestIDMetadata(others.ResultMetadata)
	w.same("request id of a reply about interfaces", reported, w.replies.last)
	_, err := w.ec2.DeleteTrafficMirrorFilter(w.ctx, &ec2.DeleteTrafficMirrorFilterInput{TrafficMirrorFilterId: aws.String("tmf-0123456789abcdef0")})
	var failure *awshttp.ResponseError
	w.same("error with a reply", errors.As(err, &failure), true)
	w.same("request id of an error", failure.ServiceRequestID(), w.replies.last)
	w.same(fmt.Sprintf("header and body of %d replies", w.replies.count), w.replies.wrong, "")
}
