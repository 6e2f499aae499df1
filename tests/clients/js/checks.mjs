// Copyright (c) 2026, the vtap.aws contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The client, and counted comparisons.

import { Readable } from "node:stream";
import util, { isDeepStrictEqual } from "node:util";

import * as sdk from "@aws-sdk/client-ec2";
import { NodeHttpHandler } from "@smithy/node-http-handler";

let counted = 0;

// An HTTP handler that compares the request id in the header of each reply with the one in the body.
class Handler extends NodeHttpHandler {
  count = 0;
  last = ""; // the request id in the body of the last reply
  wrong = ""; // the first reply with different request ids

  async handle(request, options) {
    const { response } = await super.handle(request, options);
    const chunks = [];
    for await (const chunk of response.body) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    response.body = Readable.from([body]);
    this.count++;
    this.last = /<(?:requestId|RequestID)>([^<]*)</.exec(body.toString())?.[1] ?? "";
    const header = response.headers["x-amzn-requestid"] ?? "";
    if (!this.wrong && (!this.last || header !== this.last))
      this.wrong = `header x-amzn-requestid "${header}", body "${this.last}", status ${response.statusCode}`;
    return { response };
  }
}

export const handler = new Handler();
export const client = new sdk.EC2Client({ requestHandler: handler });

// Send a command by name. Returns the output; $metadata is not enumerable, so that outputs can be compared.
export async function send(name, input = {}) {
  const output = await client.send(new sdk[`${name}Command`](input));
  return Object.defineProperty(output, "$metadata", { enumerable: false });
}

// Return the code of the error of a command, "OK" without an error.
export async function code(name, input) {
  try {
    await send(name, input);
    return "OK";
  } catch (error) {
    return error instanceof sdk.EC2ServiceException ? error.name : String(error);
  }
}

// Count a check. Throws if the values differ; an absent member and an undefined one differ, too.
export function same(what, got, want) {
  counted++;
  if (!isDeepStrictEqual(got, want))
    throw new Error(`${what}\n  got      ${inspect(got)}\n  expected ${inspect(want)}`);
}

const inspect = (value) => util.inspect(value, { depth: 9, breakLength: Infinity });

// Run the steps and print the number of checks of each. Sets the exit status 1 after a mismatch.
export async function run(name, steps) {
  try {
    for (const [step, action] of Object.entries(steps)) {
      const before = counted;
      await action();
      console.log(`  ${step}: ${counted - before}`);
    }
    console.log(`${name}: ${counted} checks passed`);
  } catch (error) {
    console.log(`${name}: FAILED: ${error.message || error}`);
    process.exitCode = 1;
  }
}
