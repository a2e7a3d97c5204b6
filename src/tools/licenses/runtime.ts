/** The notices of the runtime in the executable, which has no packages to read them from. @module */

import { type Notice, splitNotice } from "./notices.ts";

/** @see https://github.com/v8/v8/blob/main/LICENSE.v8 */
const V8 = `Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are
met:

    * Redistributions of source code must retain the above copyright
      notice, this list of conditions and the following disclaimer.
    * Redistributions in binary form must reproduce the above
      copyright notice, this list of conditions and the following
      disclaimer in the documentation and/or other materials provided
      with the distribution.
    * Neither the name of Google Inc. nor the names of its
      contributors may be used to endorse or promote products derived
      from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS
"AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT
LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR
A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT
OWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT
LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE,
DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY
THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT
(INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.`;

/** @see https://sqlite.org/copyright.html */
const SQLITE = "All of the code and documentation in SQLite has been dedicated to the public domain by the authors.";

/**
 * @param license The text of this project's licence file: Deno's and Node's have the same text.
 * @see https://github.com/denoland/deno/blob/main/LICENSE.md
 * @see https://github.com/nodejs/node/blob/main/LICENSE
 */
export function runtimeNotices(license: string): Notice[] {
  const { text: mit } = splitNotice(license);
  return [
    {
      name: "Deno, the runtime (and its Rust crates, which Cargo.lock of its version lists)",
      copyright: ["Copyright 2018-2026 the Deno authors"],
      text: mit,
    },
    {
      name: "Node.js, parts of it in Deno",
      copyright: [
        "Copyright Node.js contributors. All rights reserved.",
        "Copyright Joyent, Inc. and other Node contributors. All rights reserved.",
      ],
      text: mit,
    },
    {
      name: "V8, in Deno",
      copyright: ["Copyright 2014, the V8 project authors. All rights reserved."],
      text: V8,
    },
    { name: "SQLite, in Deno", copyright: [], text: SQLITE },
  ];
}
