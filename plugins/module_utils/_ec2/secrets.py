# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials: removal of secrets from texts of the SDK, and validation before the first call.

Ansible removes the values of options with no_log from results, but neither secrets of other sources (environment,
files, roles) nor other representations of a secret, such as URL encoding.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable
from urllib.parse import quote

from .._model.errors import ValidationError

HIDDEN = "***"
# Environment variables with a secret that amazon.aws or botocore reads.
SECRET_VARIABLES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
# Minimum length of a secret in characters. Secret keys have 40. Shorter values could be words of a message.
MIN_LENGTH = 16
# Secrets that a text itself declares: header values, entries of credential files and replies, passwords in URLs.
_DECLARED_SECRETS = (
    re.compile(r"(Invalid header (?:value|name) ).+", re.DOTALL),
    re.compile(
        r"((?:aws_?)?(?:secret_?access_?key|session_?token|security[_-]?token|secret_?key)(?:\\?['\"])?\s*[:=>]\s*(?:b?\\?['\"])?)"
        r"[^\s'\"<>,&}]+",
        re.IGNORECASE,
    ),
    re.compile(r"(://)[^/\s@'\"]+(?=@)"),
)
# A word that may be a secret: as long as a secret key or longer, with capitals, small letters and digits.
_RANDOM_WORD = re.compile(r"(?<![\w/+=-])(?=\S*[A-Z])(?=\S*[a-z])(?=\S*[0-9])[\w/+=-]{32,}")
# What may stand between the characters of a secret that a text shows in several lines.
_LINE_BREAK = r"(?:\s|\\[nrt]|%0[AaDd])*"
# Of each credential: the option, the environment variables (see aws_argument_spec of amazon.aws), and the key in files.
_PARTS = (
    ("access_key", ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"), "aws_access_key_id"),
    ("secret_key", ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"), "aws_secret_access_key"),
    ("session_token", ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"), "aws_session_token"),
)
# The names of botocore's credential providers that read files.
_FILES = {"shared-credentials-file": "shared credentials file", "config-file": "AWS config file"}


def hide_secrets(text: str, secrets: Iterable[str | None] = ()) -> str:
    """Return the text without these secrets, those in the environment, and values that look like secrets.

    Also removes a secret that is escaped, URL-encoded, base64-encoded or interrupted by line breaks.
    """
    for pattern in _DECLARED_SECRETS:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    for secret in {*secrets, *(os.environ.get(name) for name in SECRET_VARIABLES)}:
        characters = "".join((secret or "").split())
        if len(characters) >= MIN_LENGTH:
            encoded = base64.b64encode(characters.encode()).decode().rstrip("=")
            text = re.sub(f"{_spellings(characters)}|{_spellings(encoded)}=*", HIDDEN, text)
    return text


def sdk_text(error: BaseException, secrets: Iterable[str | None] = ()) -> str:
    """Return the text of an exception without secrets (see hide_secrets).

    A failed source of credentials, such as credential_process, can print secrets that the SDK has not read yet.
    """
    text = hide_secrets(str(error), secrets)
    return _RANDOM_WORD.sub(HIDDEN, text) if type(error).__name__ == "CredentialRetrievalError" else text


def _spellings(secret: str) -> str:
    """Return a regular expression for the secret with any character escaped and with line breaks between characters."""
    return _LINE_BREAK.join(
        re.escape(one)
        if one.isalnum() and one.isascii()
        else "(?:" + "|".join(re.escape(spelling) for spelling in _escapes(one)) + ")"
        for one in secret
    )


def _escapes(character: str) -> set[str]:
    """Return the spellings of a character in texts: itself, URL-encoded, and as escaped by XML, JSON and Python."""
    url = quote(character, safe="")
    return {
        character,
        url,
        url.lower(),
        f"&#{ord(character)};",
        f"&#x{ord(character):x};",
        f"\\{character}",
        f"\\u{ord(character):04x}",
        character.encode("unicode_escape").decode(),
        repr(character.encode())[2:-1],
        *({"&": ("&amp;",), "<": ("&lt;",), ">": ("&gt;",), '"': ("&quot;",)}.get(character, ())),
    }


def check_credentials(values: tuple[str | None, str | None, str | None], method: str) -> None:
    """Raise ValidationError if a credential has a character that credentials never have, such as a trailing newline.

    values: access key id, secret key and session token. method: the name of botocore's credential provider. The message
    has the source of the credential and not its value.
    """
    for value, (option, variables, file_key) in zip(values, _PARTS):
        if not value or re.fullmatch(r"[!-~]+", value):
            continue
        variable = next((name for name in variables if os.environ.get(name) == value), None)
        if method in _FILES:
            source = f"{file_key} in the {_FILES[method]}"
        elif method in ("explicit", "env"):
            source = f"{option} (environment variable {variable})" if variable else option
        else:
            source = f"{option} from the credential provider {method}"
        place = "begins or ends with" if re.fullmatch(r"[!-~]+", value.strip()) else "has"
        raise ValidationError(
            f"{source} {place} a blank, a line break or another character that credentials cannot have. Remove it. No "
            "call was made."
        )
