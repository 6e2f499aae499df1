# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSGI application: the emulator's actions, moto for all other actions, the settings and the call log."""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import json
import re
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import moto.backends
import moto.core.responses
from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.http import HTTP_STATUS_CODES

from . import (
    control,
    gates,
    lab,
    long_polling,
    managed_interfaces,
    moto_lag,
    other_services,
    path_changes,
    permissions,
    prerequisites,
    replies,
    requests,
    roles,
    tagging_api,
    tagging_wire,
    tags,
    transitions,
    wire,
)
from .actions import ACTIONS, SHARED
from .calls import Call, Replay, start_lag
from .errors import ApiError, ec2_envelope, query_envelope
from .identity import access_key, caller
from .replies import Answer
from .requests import Environ, Request
from .settings import Settings
from .store import Store, new_delay

# moto would list the folder of its services, and the methods of a class, for each request.
_MOTO_MODULES = tuple(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: _MOTO_MODULES
moto.core.responses.method_names_from_class = functools.cache(moto.core.responses.method_names_from_class)


class Emulator:
    """The application. One lock serializes all calls, because moto's backends are not thread-safe."""

    def __init__(self, settings: dict[str, Any] | None = None, log_file: str | None = None) -> None:
        self.store = Store()
        self.settings = Settings()
        self.initial_settings = settings or {}
        self.throttle = gates.Throttle()
        self.log: list[dict[str, Any]] = []
        self.log_file = open(log_file, "a", encoding="utf-8") if log_file else None  # noqa: SIM115
        self.lock = threading.RLock()
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.reset()

    def reset(self) -> None:
        """Restore the initial state: moto's and the emulator's resources, the settings, the log and the lab."""
        # BackendDict.reset() would rebuild every backend before discarding it.
        backends: list[Any] = BackendDict._instances
        for backend in backends:
            backend.clear()
        backends.clear()
        self.store.reset()
        self.settings.reset()
        self.settings.merge(self.initial_settings)
        self.throttle.buckets.clear()
        self.log.clear()
        # See control._bulk_seed.
        gc.unfreeze()
        lab.seed(self.store)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        if environ.get("PATH_INFO", "").startswith("/_emulator/"):
            with self.lock:
                status, data = control.handle(self, environ["REQUEST_METHOD"], environ["PATH_INFO"], body)
                text = json.dumps(data).encode()
            answer = Answer(status, [("Content-Type", "application/json")], text, "")
        else:
            if environ.get("HTTP_X_AMZ_TARGET") == long_polling.TARGET:
                who = caller(environ.get("HTTP_AUTHORIZATION", ""), self.settings["accounts"])
                body = long_polling.wait_for_message(self.lock, who, body)
            with self.lock:
                answer, dropped = self.serve(environ, body)
            if dropped:
                # The request handler closes the connection without a reply.
                raise ConnectionResetError("reply dropped by the drop_replies setting")
        headers = [(k, v) for k, v in answer.headers if k.lower() not in ("content-length", "connection")]
        start_response(
            f"{answer.status} {HTTP_STATUS_CODES.get(answer.status, 'UnsupportedError')}",
            [*headers, ("Content-Length", str(len(answer.body)))],
        )
        return [answer.body]

    def serve(self, environ: Environ, body: bytes, interleaved: bool = False) -> tuple[Answer, bool]:
        """Answer one AWS call and log it. Returns the answer and whether to drop the reply."""
        began = time.perf_counter()
        self._settle()
        request = requests.read(environ, body, self.settings["accounts"])
        entry = {
            "n": len(self.log) + 1,
            "time": time.time(),
            "account": request.caller.account,
            "region": request.caller.region,
            "action": request.action,
            "parameters": {k: v for k, v in request.parameters.items() if k != "DryRun"},
            "dry_run": request.parameters.get("DryRun") in (True, "true"),
            "code": "",
            "seconds": 0.0,
            "interleaved": interleaved,
            "dropped": False,
            "replaced": False,
        }
        self.log.append(entry)
        replacement = None if interleaved else self._take_replacement(request.action)
        if replacement and not replacement["executed"]:
            answer = replies.replacement(replacement, None)
        else:
            answer = replies.with_request_id(self._answer(request, gated=not interleaved))
            if replacement:
                answer = replies.replacement(replacement, answer)
        entry["code"], entry["replaced"] = answer.code, replacement is not None
        entry["seconds"] = time.perf_counter() - began
        dropped = False
        if not interleaved:
            dropped = self._count_drop(request.action)
            entry["dropped"] = dropped
        if self.log_file:
            self.log_file.write(json.dumps(entry) + "\n")
            self.log_file.flush()
        if not interleaved:
            self._interleave(request)
        return answer, dropped

    def _answer(self, request: Request, gated: bool) -> Answer:
        request_id = str(uuid.uuid4())
        service = request.caller.service
        try:
            if gated:
                self._gate(request)
            if request.is_tagging:
                return self._serve_tagging(request)
            if service in ("ec2", "") and ("TrafficMirror" in request.action or request.action in SHARED):
                return self._serve_own(request, request_id)
            if service == "ec2":
                self._check_ec2(request)
            found = other_services.serve(self._serve_moto, request, request_id, self.store, self.settings)
            return found or self._serve_moto(request)
        except ApiError as error:
            if request.is_tagging:
                return tagging_wire.failure(error)
            if other_services.is_json(request):
                return other_services.json_failure(request, error)
            envelope = ec2_envelope if service in ("ec2", "") else query_envelope
            return _xml(error.status, envelope(error, request_id), error.code)
        except Exception:
            # A defect of the emulator or moto. The traceback distinguishes the reply from EC2's.
            traceback.print_exc(file=sys.stderr)
            defect = ApiError("InternalError", traceback.format_exc(limit=-1))
            if request.is_tagging:
                return tagging_wire.failure(defect)
            if other_services.is_json(request):
                return other_services.json_failure(request, defect)
            return _xml(500, ec2_envelope(defect, request_id), "InternalError")

    def _gate(self, request: Request) -> None:
        who, action = request.caller, request.action
        token = request.environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
        roles.check_credentials(who, token)
        gates.check_expiry(self.settings, who.service)
        gates.check_injected_failure(self.settings, action)
        if who.service == "ec2":
            self.throttle.take(self.settings["throttle"], who, action, request.parameters)
        prefix = permissions.PREFIXES.get(who.service, who.service)
        gates.check_permitted(self.settings, who, prefix, action, request.parameters)
        if who.service in ("ec2", tagging_api.SERVICE, *permissions.OTHER_SERVICES):
            permissions.check(who, token, action, request.parameters, self.store)
        if action == "AssumeRole":
            roles.check_assume_role(who, request.parameters)

    def _check_ec2(self, request: Request) -> None:
        """Check an EC2 call that moto answers."""
        # Source of both codes: "Error codes for the Amazon EC2 API".
        if request.action.startswith(("GET ", "POST ")):
            raise ApiError("MissingAction", "The request must contain the parameter Action")
        if wire.operation(request.action) is None:
            raise ApiError("InvalidAction", f"The action {request.action} is not valid for this web service.")
        tags.check_specifications(wire.parse(request.action, request.pairs))
        prerequisites.check_interface_change(
            request.caller.account, request.caller.region, request.action, request.parameters
        )
        path_changes.check(request.caller.account, request.caller.region, request.action, request.parameters)

    def _serve_tagging(self, request: Request) -> Answer:
        token = request.environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")

        def authorize(service: str, action: str, parameters: dict[str, Any]) -> None:
            who = replace(request.caller, service=service)
            gates.check_permitted(self.settings, who, service, action, parameters)
            permissions.check(who, token, action, parameters, self.store)

        call = tagging_api.TaggingCall(self.store, self.settings, request.caller, authorize)
        return tagging_api.answer(call, request.environ.get("HTTP_X_AMZ_TARGET", ""), request.body)

    def _serve_own(self, request: Request, request_id: str) -> Answer:
        who, action = request.caller, request.action
        if not who.service:
            raise ApiError("AuthFailure", "AWS was not able to validate the provided access credentials")
        if action not in ACTIONS and action not in SHARED:
            raise ApiError("InvalidAction", f"The action {action} is not valid for this web service.")
        if not prerequisites.is_known_region(who.account, who.region):
            raise ApiError("AuthFailure", f"Credential should be scoped to a valid region, not '{who.region}'.")
        parameters = wire.parse(action, request.pairs)
        call = Call(
            self.store,
            self.settings,
            who.account,
            who.region,
            action,
            {name: value for name, value in parameters.items() if name not in ("DryRun", "ClientToken")},
            parameters.get("DryRun", False),
            parameters.get("ClientToken"),
            other_services.ec2_asker(self._serve_moto, request),
        )
        try:
            result = self._run_action(call)
        except Replay as replay:
            result = replay.reply
        finally:
            call.count_read()
        return _xml(200, wire.reply(action, result, request_id), "OK")

    def _run_action(self, call: Call) -> dict[str, Any]:
        result = SHARED[call.action](call) if call.action in SHARED else ACTIONS[call.action](call)
        if not call.is_validated:
            raise AssertionError(f"{call.action} did not call Call.mark_validated()")
        if call.client_token is not None:
            result["ClientToken"] = call.client_token
            call.remember(result)
        return result

    def _serve_moto(self, request: Request) -> Answer:
        environ = dict(request.environ)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = request.caller.account
        environ["wsgi.input"] = io.BytesIO(request.body)
        environ["CONTENT_LENGTH"] = str(len(request.body))
        started: list[Any] = []
        with self._moto_patched(request):
            chunks = self.moto(environ, lambda status, headers, *_: started.extend((status, headers)))
            body = b"".join(chunks)
        status = int(started[0].split()[0])
        if request.caller.service == "ec2":
            # moto writes CR as it is, and XML parsers would read it as a newline.
            body = body.replace(b"\r", b"&#13;")
        return Answer(status, list(started[1]), body, _code_of(status, body))

    @contextlib.contextmanager
    def _moto_patched(self, request: Request) -> Iterator[None]:
        """Add to one call of moto what moto lacks: filters, lag, states in between, effects on sessions."""
        account, region, action = request.caller.account, request.caller.region, request.action
        if action.startswith("Describe"):
            lag = moto_lag.patched(self.store, account, region, action, dict(request.pairs))
            with lag, prerequisites.patch_endpoint_filters():
                yield
            return
        before = moto_lag.copies(account, region) if new_delay(self.settings["lag"]) else None
        with contextlib.ExitStack() as stack:
            if action == "CreateLoadBalancer":
                stack.enter_context(prerequisites.patch_load_balancer_arns(request.parameters.get("Type")))
            stack.enter_context(managed_interfaces.patched())
            stack.enter_context(transitions.delayed(self.store, lambda: new_delay(self.settings["transitions"])))
            yield
        if action == "TerminateInstances":
            prerequisites.release_interfaces(account, region)
        if before is not None:
            moto_lag.start(self.store, account, region, before, lambda: new_delay(self.settings["lag"]))
        # Only these calls can delete interfaces.
        self.delete_orphaned_sessions()

    def _settle(self) -> None:
        """Finish the states in between whose delay is over."""
        for account, region in transitions.settle(self.store):
            prerequisites.release_interfaces(account, region)
            self.delete_orphaned_sessions()

    def delete_orphaned_sessions(self) -> None:
        """Delete the sessions whose source interface was deleted."""
        for session in prerequisites.orphaned_sessions(self.store):
            start_lag(self.store, self.settings, session)
            self.store.remove(session)

    def _take_replacement(self, action: str) -> dict[str, Any] | None:
        """Return what the replace_replies setting orders for this call, and decrement the count."""
        ordered = self.settings["replace_replies"]
        found: dict[str, Any] | None = ordered.get(action, ordered.get("*"))
        if found is None or found["count"] <= 0:
            return None
        found["count"] -= 1
        return found

    def _count_drop(self, action: str) -> bool:
        left = self.settings["drop_replies"].get(action, 0)
        if left > 0:
            self.settings["drop_replies"][action] = left - 1
        return bool(left > 0)

    def _interleave(self, request: Request) -> None:
        """Send the calls that the interleave setting schedules after this call."""
        due = []
        for item in self.settings["interleave"]:
            if item["after"] == request.action:
                item["calls"] = item.get("calls", 1) - 1
                if item["calls"] <= 0:
                    due.append(item)
        for item in due:
            self.settings["interleave"].remove(item)
            for step in item["do"]:
                account = step.get("account", request.caller.account)
                region = step.get("region", request.caller.region)
                self.call_as(account, region, step["action"], step.get("parameters", {}))

    def call_as(self, account: str, region: str, action: str, parameters: dict[str, Any]) -> Answer:
        """Send an EC2 call as an account, without throttling, denials and injected faults."""
        body = wire.encode(action, parameters)
        scope = f"Credential={access_key(account)}/20260101/{region}/ec2/aws4_request"
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "0",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": f"ec2.{region}.amazonaws.com",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        return self.serve(environ, body, interleaved=True)[0]


def _xml(status: int, body: bytes, code: str) -> Answer:
    return Answer(status, [("Content-Type", "text/xml;charset=UTF-8")], body, code)


def _code_of(status: int, body: bytes) -> str:
    """Return the error code in a reply of moto, in any protocol."""
    if status < 400:
        return "OK"
    found = re.search(rb"<Code>(.*?)</Code>|\"__type\"\s*:\s*\"([^\"]*)\"", body)
    return (found.group(1) or found.group(2)).decode() if found else str(status)
