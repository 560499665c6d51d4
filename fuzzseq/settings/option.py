"""What a field of the settings says of itself: how its value is written, and where it can be given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from fuzzseq.settings.kinds import Kind, structured

_OPTION: Final = "option"


@attrs.frozen(kw_only=True)
class Option:
    """How one setting is given.

    Attributes:
        key: Its name, in a file and in a call.
        kind: How its values are read.
        takes: What its value must be, with an example.
        help: What ``fuzzseq run --help`` says.
        metavar: What stands for its value there, where its kind does not say so; a flag has none.
        usual: Its value where none is given, by profile or one for all; None leaves it to the default of the field.
        flag: The option of ``fuzzseq run``, where it is not named after the field; empty where there is none.
        pytest: How the option of pytest ends, where it is not named after the field; empty where there is none.
        pytest_help: What ``pytest --help`` says, where it is something else.
        in_fuzz: Whether it is a keyword of :func:`fuzzseq.fuzz`.
        in_replay: Whether it is an option of ``fuzzseq replay`` too.
        on_resume: Whether a run that is resumed may be given another value.
    """

    key: str = ""
    kind: Kind
    takes: str
    help: str
    metavar: str | None = None
    usual: object = None
    flag: str | None = None
    pytest: str | None = None
    pytest_help: str | None = None
    in_fuzz: bool = True
    in_replay: bool = False
    on_resume: bool = False

    @property
    def run_flag(self) -> str:
        """The option of ``fuzzseq run``; empty where there is none."""
        return f"--{self.key.replace('_', '-')}" if self.flag is None else self.flag

    @property
    def pytest_ending(self) -> str:
        """How the option of pytest ends; empty where there is none."""
        return self.key.replace("_", "-") if self.pytest is None else self.pytest

    def usual_in(self, profile: str) -> Any:
        """Return the value in a profile where none is given; None leaves it to the default of the field."""
        value = self.usual.get(profile) if isinstance(self.usual, Mapping) else self.usual
        return value if value is None else structured(value, self.kind.type)


def option(kind: Kind, takes: str, help: str, *, default: Any = attrs.NOTHING, **more: Any) -> Any:
    """Return a field of a class of settings; see :class:`Option`."""
    return attrs.field(default=default, metadata={_OPTION: Option(kind=kind, takes=takes, help=help, **more)})


def options_of(kind: type[attrs.AttrsInstance]) -> Iterator[Option]:
    """Yield the settings that a class declares, those of a class inside of it in its place."""
    attrs.resolve_types(kind)
    for field in attrs.fields(kind):
        if _OPTION in field.metadata:
            said: Option = field.metadata[_OPTION]
            yield attrs.evolve(said, key=field.name, metavar=said.metavar or said.kind.metavar)
        elif attrs.has(field.type):
            yield from options_of(field.type)
