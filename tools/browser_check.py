# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check HTML pages in a headless Chromium, at the width of a desktop and of a phone.

    python tools/browser_check.py [--pictures FOLDER] page.html http://localhost:8000/ ...

A page fails if it is wider than the window, if text is cut off or leaves its box, if the console has an error, or if
the page requests anything from another place. Each page is checked as it opens and with all details open. Prints a line
for each problem; the exit status is 1 if there is one, and 2 if no Chromium is installed. --pictures also stores
pictures of each page: at each width, light and dark, and the pages of its print as PDF.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTHS = (1280, 390)
# The maximum number of problems of each check that are printed.
MAX_PROBLEMS = 5
# Seconds to wait for a reply of the browser.
TIMEOUT = 60
# Returns the problems of the page as texts. Text outside the window is fine in a box that scrolls.
CHECK = r"""
(() => {
  const problems = [];
  const root = document.documentElement;
  // Not innerWidth: on a phone, the window zooms out for a page that is too wide.
  const width = root.clientWidth;
  if (root.scrollWidth > width) problems.push(`the page is ${root.scrollWidth} px wide`);
  const scrolls = (value) => value === "auto" || value === "scroll";
  const hides = (value) => value === "hidden" || value === "clip";
  const findProblem = (rect, start) => {
    let isFirstBox = true;
    for (let box = start; box && box !== root; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (style.display === "contents" || style.display === "inline") continue;
      const edge = box.getBoundingClientRect();
      // Text for screen readers only.
      if (edge.width <= 1 || edge.height <= 1 || style.clipPath !== "none") return "";
      const isWide = rect.right > edge.right + 1 || rect.left < edge.left - 1;
      const isHigh = rect.bottom > edge.bottom + 1 || rect.top < edge.top - 1;
      if (hides(style.overflowX) && isWide || hides(style.overflowY) && isHigh) return "is cut off";
      if (scrolls(style.overflowX)) return "";
      if (isFirstBox && isWide) return "leaves its box";
      isFirstBox = false;
    }
    return rect.right > width + 1 || rect.left < -1 ? "is outside the window" : "";
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(parent.tagName)) continue;
    if (!parent.checkVisibility({contentVisibilityAuto: false, visibilityProperty: true})) continue;
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      const problem = rect.width && findProblem(rect, parent);
      if (problem) {
        problems.push(`text ${problem}: ${node.data.trim().slice(0, 60)}`);
        break;
      }
    }
  }
  return problems;
})()
"""
OPEN_DETAILS = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


class BrowserError(Exception):
    """The browser did not start, ended, or refused a command."""


def find_browser() -> str | None:
    """Return the path of an installed Chromium, None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """A headless Chromium that is controlled through a pipe (--remote-debugging-pipe)."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        command_end, self._commands = os.pipe()
        self._replies, reply_end = os.pipe()
        options = ["--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self._profile.name}"]
        options += ["--disable-gpu", "--no-first-run", "--disable-extensions", "--hide-scrollbars"]
        # Chromium's sandbox does not run as root.
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        # The browser reads commands from file descriptor 3 and writes replies to 4.
        start = f'exec 3<&{command_end} 4>&{reply_end}; exec "$0" "$@"'
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", start, program, *options, "about:blank"],
            pass_fds=(command_end, reply_end),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(command_end)
        os.close(reply_end)
        self._buffer = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._commands)
        os.close(self._replies)
        self._profile.cleanup()

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol and return its result. Events that arrive are stored in events."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        os.write(
            self._commands, json.dumps({**message, **({"sessionId": session} if session else {})}).encode() + b"\0"
        )
        while True:
            reply = self._read()
            if reply.get("id") != self._number:
                self.events.append(reply)
            elif "error" in reply:
                raise BrowserError(f"{method}: {reply['error'].get('message')}")
            else:
                return dict(reply["result"])

    def wait_for(self, method: str) -> None:
        """Wait for an event. Events that arrived earlier count."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._read())

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready = select.select([self._replies], [], [], TIMEOUT)[0]
            chunk = os.read(self._replies, 1 << 20) if ready else b""
            if not chunk:
                raise BrowserError("the browser ended" if ready else f"no reply within {TIMEOUT} s")
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b"\0", 1)
        return dict(json.loads(message))


class Page:
    """A page. Its events since it was opened are those of the browser."""

    def __init__(self, browser: Browser, url: str, width: int, scheme: str = "light") -> None:
        self.url = url
        self._browser = browser
        self._target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.set_width(width)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        browser.events.clear()
        found = self.call("Page.navigate", url=url)
        if "errorText" in found:
            raise BrowserError(f"{url}: {found['errorText']}")
        browser.wait_for("Page.loadEventFired")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command for this page."""
        return self._browser.call(method, self._session, **params)

    def set_width(self, width: int) -> None:
        """Set the width of the window, of a phone if it is small."""
        metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise BrowserError(f"{self.url}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def picture(self) -> bytes:
        """Return a PNG of the whole page, of at most 6000 px."""
        height = min(self.evaluate("document.documentElement.scrollHeight"), 6000)
        clip = {"x": 0, "y": 0, "width": self.evaluate("innerWidth"), "height": height, "scale": 1}
        found = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    def pdf(self) -> bytes:
        """Return the print of the page."""
        return base64.b64decode(self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"])

    def close(self) -> None:
        """Close the page."""
        self._browser.call("Target.closeTarget", targetId=self._target)

    def list_problems(self) -> Iterator[str]:
        """Yield the problems of the page as it opened and with all details open."""
        closed = self.evaluate(CHECK)
        yield from _limit(closed)
        self.evaluate(OPEN_DETAILS)
        yield from (f"with details open: {one}" for one in _limit(set(self.evaluate(CHECK)) - set(closed)))
        for event in self._browser.events:
            if event.get("sessionId") == self._session:
                yield from _find_event_problem(event, self.url)


def _limit(problems: Iterable[str]) -> list[str]:
    problems = sorted(problems)
    more = [f"... and {len(problems) - MAX_PROBLEMS} more"] if len(problems) > MAX_PROBLEMS else []
    return problems[:MAX_PROBLEMS] + more


def _find_event_problem(event: dict[str, Any], url: str) -> Iterator[str]:
    """Yield the problem that an event of the page reports."""
    method, params = event.get("method"), event.get("params", {})
    if method == "Network.requestWillBeSent":
        requested = params["request"]["url"]
        if _place(requested) not in (_place(url), ("data", "")):
            yield f"request to another place: {requested[:200]}"
    elif method == "Network.loadingFailed":
        yield f"a request failed: {params.get('errorText')} {params.get('blockedReason', '')}".strip()
    elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
        yield f"console: {params['entry']['text']}"
    elif method == "Runtime.exceptionThrown":
        details = params["exceptionDetails"]
        yield f"console: {details.get('exception', {}).get('description', details['text'])}"
    elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
        yield f"console: {' '.join(str(one.get('value')) for one in params['args'])}"


def _place(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc if parts.scheme != "data" else ""


def to_url(place: str) -> str:
    """Return the URL of a file or URL."""
    return place if re.match(r"[a-z]+://", place) else pathlib.Path(place).resolve().as_uri()


def check(browser: Browser, place: str) -> list[str]:
    """Return the problems of a page at each width, as lines."""
    found = []
    for width in WIDTHS:
        page = Page(browser, to_url(place), width)
        found += [f"{place} at {width} px: {problem}" for problem in page.list_problems()]
        page.close()
    return found


def take_pictures(browser: Browser, place: str, folder: pathlib.Path) -> None:
    """Store pictures of a page at each width, light and dark, and its print."""
    folder.mkdir(parents=True, exist_ok=True)
    name = pathlib.PurePosixPath(urllib.parse.urlsplit(to_url(place)).path).stem or "index"
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            page = Page(browser, to_url(place), width, scheme)
            (folder / f"{name}-{width}-{scheme}.png").write_bytes(page.picture())
            if (width, scheme) == (WIDTHS[0], "light"):
                (folder / f"{name}.pdf").write_bytes(page.pdf())
            page.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Check HTML pages in a headless Chromium.")
    parser.add_argument("pages", nargs="+", help="files or URLs")
    parser.add_argument("--pictures", type=pathlib.Path, help="the folder for pictures of the pages")
    given = parser.parse_args()
    program = find_browser()
    if program is None:
        print(f"No browser is installed. Install one of {', '.join(NAMES)}.")
        return 2
    found = []
    with Browser(program) as browser:
        for place in given.pages:
            found += check(browser, place)
            if given.pictures:
                take_pictures(browser, place, given.pictures)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
