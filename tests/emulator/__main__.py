# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.emulator: run the emulator in the foreground and print the environment variables for it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys

# Without the default AMIs, a reset takes a tenth of the time. moto reads the variable when it is imported.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

from werkzeug.serving import WSGIRequestHandler, make_server

from . import lab
from .identity import DEFAULT_ACCOUNT, SECRET_KEY, access_key
from .server import Emulator


class Handler(WSGIRequestHandler):  # type: ignore[misc]
    """A request handler that keeps connections open, as EC2 does, and closes a connection whose reply is dropped.

    werkzeug's run_wsgi closes every connection, and its thread keeps waiting for input after a complete request.
    """

    # Send headers and body in one write if they fit. Otherwise the last packet waits for a TCP acknowledgement.
    wbufsize = 65536
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request. http.server flushes the write buffer afterwards."""
        if "Transfer-Encoding" in self.headers:
            # The application reads Content-Length bytes. The remaining bytes would be parsed as the next request.
            self.close_connection = True
        try:
            chunks = self.server.app(self.make_environ(), self._start_response)
        except ConnectionResetError:
            self.close_connection = True
            return
        for chunk in chunks:
            self.wfile.write(chunk)

    def _start_response(self, status: str, headers: list[tuple[str, str]]) -> None:
        code, _blank, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        usual = {"Server": self.version_string(), "Date": self.date_time_string()}
        given = {name.lower() for name, _value in headers}
        for name, value in [*headers, *(item for item in usual.items() if item[0].lower() not in given)]:
            self.send_header(name, value)
        self.end_headers()

    def handle_expect_100(self) -> bool:
        """Send 100 Continue immediately."""
        self.send_response_only(100)
        self.end_headers()
        self.wfile.flush()
        return True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing per request."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.emulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=5001, help="0 selects a free port")
    parser.add_argument(
        "--settings", type=json.loads, default={}, help="initial settings as JSON; a reset restores them"
    )
    parser.add_argument("--log", help="append every call to this file, as JSON lines")
    return parser.parse_args()


def _print_environment(host: str, port: int) -> None:
    lines = [
        f"export AWS_ENDPOINT_URL=http://{host}:{port}",
        f"export AWS_ACCESS_KEY_ID={access_key(DEFAULT_ACCOUNT)}",
        f"export AWS_SECRET_ACCESS_KEY={SECRET_KEY}",
        f"export AWS_DEFAULT_REGION={lab.REGION}",
    ]
    for name, value in lab.names().items():
        if isinstance(value, dict):
            items = {key: ", ".join(item) if isinstance(item, list) else item for key, item in value.items()}
            lines += [f"# {name} {key}: {item}" for key, item in items.items()]
        else:
            lines.append(f"# {name}: {value}")
    print("\n".join(lines), flush=True)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = _arguments()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    emulator = Emulator(arguments.settings, arguments.log)
    server = make_server(arguments.host, arguments.port, emulator, threaded=True, request_handler=Handler)
    # The first call builds moto's URL map and loads service models. Do it here, not during the first test.
    emulator.call_as(DEFAULT_ACCOUNT, lab.REGION, "DescribeTags", {})
    emulator.log.clear()
    _print_environment(arguments.host, server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    main()
