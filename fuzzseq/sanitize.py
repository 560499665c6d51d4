"""Foreign text made fit to leave: without control characters, secrets, paths of this machine, and commands.

Foreign is what comes from a model, a file, a name or the environment. :func:`outgoing` is what every text of an event
passes through, and :func:`printed` what every line of output does; a sink adds the escapes of its own format.
"""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from functools import lru_cache
from typing import Final

from fuzzseq.shown_paths import within

MASK: Final = "***"

#: ANSI and OSC sequences, those of C1 (8 bits) too: CSI, then strings up to their terminator, then two characters.
_SEQUENCES: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# What repeats in these has an end, or begins in one place only: a text is read in a time that grows as it does.

#: A user and a password in a URL, or a token alone, up to the last ``@``; a host with its port is none. A URL that was
#: taken for a path has lost a slash.
_USERINFO: Final = re.compile(
    r"((?<![a-z0-9+.-])(?:[a-z0-9+.-]*://|[a-z][a-z0-9+.-]+:/(?!/)))"
    r"(?:[^\s/?#]*@|(?:[^\s/?#@:,]+:(?!//|\d{1,5}(?:[/?#]|$))|:(?!//))[^\s@]{0,256}@(?:[^\s/?#,@]*@)*)",
    re.IGNORECASE,
)
_CALLED: Final = (
    r"(?:password|passwd|passphrase|secret|credential|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"(?:auth|access|refresh|security|session)[_-]?token)[\w.-]{0,64}"
)
#: A parameter of a query whose name says that its value is a secret.
_QUERY: Final = re.compile(
    rf"([?&;#](?:[\w.-]{{0,64}}(?:{_CALLED}|signature)|pwd|pass|token|key|sig|auth|code|jwt)=)[^\s&;#'\"<>]+",
    re.IGNORECASE,
)
#: The same as an assignment, an argument, an entry of a dictionary, or a header.
_ASSIGNED: Final = re.compile(
    rf"({_CALLED}['\"]?\]?\s*[=:]\s*)"
    r"(?:[bruf]?\"[^\"\n]*\"|[bruf]?'[^'\n]*'|[^\s,;&'\"(){}\[\]]+)",
    re.IGNORECASE,
)
_BEARER: Final = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
#: Tokens that are known by how they begin: of GitHub, GitLab, AWS, Slack, Hugging Face, Google, npm, PyPI, and a JWT.
_TOKENS: Final = re.compile(
    r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|A(?:KIA|SIA)[A-Z0-9]{12,}|xox[abprs]-[\w-]{10,}"
    r"|hf_[A-Za-z0-9]{20,}|sk-[\w-]{20,}|AIza[\w-]{30,}|npm_\w{20,}|pypi-[\w-]{20,}"
    r"|eyJ[\w-]{8,2000}\.[\w-]{8,2000}\.[\w-]*)"
)
#: How the name of a variable ends that holds a secret.
_SECRET_VARIABLE: Final = re.compile(
    r"(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|SECRET_?KEY)S?(?:_\d+)?$",
    re.IGNORECASE,
)
#: A value of the environment that is shorter may stand in a text by chance.
_SHORTEST: Final = 8

#: What a build server reads as a command: GitHub at the beginning of a line, GitHub's older form and Azure anywhere.
_AT_START: Final = re.compile(r"^((?:[^\S\n]|\x1b\[[0-9;]*m)*)::", re.MULTILINE)
_ANYWHERE: Final = re.compile(r"##(?=(?:\w+\s*)?\[)")


def clean(text: str) -> str:
    """Return text in which every character is printable or ends a line.

    Escape sequences are gone, and a tab is four spaces; whatever else cannot be shown becomes a question mark: a
    control, what turns or hides text (bidi, zero width, tags), half a surrogate pair, a character that is none.
    """
    if text.isprintable():
        return text
    plain = _SEQUENCES.sub("", text).replace("\r\n", "\n").expandtabs(4)
    return "".join(
        c if c.isprintable() or c == "\n" else " " if unicodedata.category(c) == "Zs" else "?" for c in plain
    )


def masked(text: str) -> str:
    """Return text without secrets: in URLs, queries, assignments and headers, by their form, and of the environment."""
    if ":/" in text:
        # Neither users and passwords in URLs, nor those passwords where they stand elsewhere.
        found = [match[0].removeprefix(match[1]).removesuffix("@") for match in _USERINFO.finditer(text)]
        text = _USERINFO.sub(rf"\g<1>{MASK}@", text)
        for password in sorted({each.partition(":")[2] for each in found}, key=len, reverse=True):
            text = text.replace(password, MASK) if len(password) >= _SHORTEST - 2 else text
    if "=" in text or ":" in text:
        text = _ASSIGNED.sub(rf"\g<1>{MASK}", _QUERY.sub(rf"\g<1>{MASK}", text))
    text = _TOKENS.sub(MASK, _BEARER.sub(rf"\g<1> {MASK}", text))
    for secret in _secrets(tuple(item for item in os.environ.items() if _SECRET_VARIABLE.search(item[0]))):
        text = text.replace(secret, MASK)
    return text


@lru_cache(maxsize=4)
def _secrets(named: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return what is to be masked of variables; a flag, a number or a path of a file is no secret."""
    secrets = {value for _, value in named if len(value) >= _SHORTEST and not value.isdecimal() and value[0] != "/"}
    return tuple(sorted(secrets, key=lambda value: (-len(value), value)))


def outgoing(text: str) -> str:
    """Return foreign text as it may leave fuzzseq; doing so again changes nothing."""
    return within(masked(clean(text)))


def one_line(text: str) -> str:
    """Return foreign text that may leave, on one line: a name, or whatever is no message."""
    text = outgoing(text)
    return " ".join(text.split("\n")) if "\n" in text else text


def cut(text: str, limit: int) -> str:
    """Return text of at most ``limit`` characters; what is left out shows as three dots."""
    return text if len(text) <= limit else text[: max(limit - 3, 0)].rstrip() + "..."


def shortened(text: str, limit: int) -> str:
    """Return foreign text as one paragraph of at most ``limit`` characters."""
    return cut(" ".join(clean(text).split()), limit)


def inert(text: str) -> str:
    """Return lines of output that no build server takes for a command of its own; colors are left as they are."""
    return _ANYWHERE.sub("# #", _AT_START.sub(r"\1: :", text))


def printed(text: str) -> str:
    """Return text that may be printed: no control characters, no secrets, no commands; paths as a person named them."""
    return inert(masked(clean(text)))


def command(start: str, *names: object) -> str:
    """Return a command for a shell to be copied: ``start`` as it is, and names of files that cannot be options."""
    plain = [clean(str(name)).replace("\n", "?") for name in names]
    return " ".join((start, *(shlex.quote(f"./{name}" if name.startswith("-") else name) for name in plain)))
