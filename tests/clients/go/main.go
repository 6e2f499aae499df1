// Copyright (c) 2026, the vtap.aws contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Command clients calls the emulator with the AWS SDK for Go v2 and compares the SDK's typed replies with the requests.
//
// Environment: the AWS_* variables of the emulator, and CLIENTS_LAB, a JSON object with the ids of the lab and with
// "sources", the ids of 12 more network interfaces. Ends with status 1 at the first mismatch.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
)

type lab struct {
	Account       string
	Interfaces    map[string]string
	LoadBalancers map[string]string `json:"load_balancers"`
	Endpoint      string
	Filter        string
	Target        string
	Sources       []string
}

// walk holds the client, the ids of created resources and the number of checks.
type walk struct {
	ctx     context.Context
	ec2     *ec2.Client
	replies *replies
	lab     lab
	checks  int

	filter, ingress, egress              string
	balancerTarget, eniTarget, gwlTarget string
	session, plainSession                string
}

// replies is an HTTP transport that compares the request id in the header of each reply with the one in the body.
type replies struct {
	count int
	last  string // the request id in the body of the last reply
	wrong string // the first reply with different request ids
}

var bodyID = regexp.MustCompile(`<(?:requestId|RequestID)>([^<]*)<`)

func (r *replies) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	r.count++
	r.last = ""
	if match := bodyID.FindSubmatch(body); match != nil {
		r.last = string(match[1])
	}
	header := response.Header.Get("x-amzn-requestid")
	if r.wrong == "" && (r.last == "" || header != r.last) {
		r.wrong = fmt.Sprintf("header x-amzn-requestid %q, body %q, status %d", header, r.last, response.StatusCode)
	}
	return response, nil
}

// stop prints a failure and ends the program.
func stop(format string, values ...any) {
	fmt.Printf("go: FAILED: "+format+"\n", values...)
	os.Exit(1)
}

// same counts a check and stops if the two values differ. A nil and an empty list differ.
func (w *walk) same(what string, got, want any) {
	w.checks++
	if !reflect.DeepEqual(got, want) {
		stop("%s\n  got      %s\n  expected %s", what, text(got), text(want))
	}
}

func text(value any) string {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprintf("%+v", value)
	}
	return strings.TrimSpace(buffer.String())
}

// fails counts a check and stops unless the error has this code.
func (w *walk) fails(what, code string, err error) {
	w.same(what, codeOf(err), code)
}

func codeOf(err error) string {
	var failure smithy.APIError
	switch {
	case err == nil:
		return "OK"
	case errors.As(err, &failure):
		return failure.ErrorCode()
	default:
		return err.Error()
	}
}

// ok returns the output of a call and stops if the call failed.
func ok[T any](out T, err error) T {
	if err != nil {
		stop("%T: %v", out, err)
	}
	return out
}

func main() {
	w := &walk{ctx: context.Background(), replies: &replies{}}
	if err := json.Unmarshal([]byte(os.Getenv("CLIENTS_LAB")), &w.lab); err != nil {
		stop("CLIENTS_LAB: %v", err)
	}
	settings := ok(config.LoadDefaultConfig(w.ctx, config.WithHTTPClient(&http.Client{Transport: w.replies})))
	w.ec2 = ec2.NewFromConfig(settings)
	steps := []struct {
		name string
		run  func()
	}{
		{"create", w.create},
		{"describe", w.describe},
		{"modify", w.modify},
		{"tags", w.tags},
		{"dry run", w.dryRun},
		{"paging", w.paging},
		{"errors", w.errors},
		{"client token", w.clientToken},
		{"delete", w.delete},
		{"request ids", w.requestIDs},
	}
	for _, step := range steps {
		before := w.checks
		step.run()
		fmt.Printf("  %s: %d\n", step.name, w.checks-before)
	}
	fmt.Printf("go: %d checks passed\n", w.checks)
}
