"""From what a person names on a command line to a reference that a worker can load. No user code runs here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fuzzseq.loading.references import (
    Reference,
    check_reference,
    custom_objects_reference,
    in_one_form,
    target_reference,
)

__all__ = ["Reference", "check_reference", "custom_objects_reference", "in_one_form", "parse", "refuse_wrong"]


def parse(target: str | Callable[..., object]) -> Reference:
    """Return the reference of ``path/to/file.py:name``, ``package.module:name``, a bare file or module, or a factory.

    A name is looked up in the code of its file, which is read and not run. Where the code cannot tell, as after
    ``from x import *``, the worker that imports it will.

    Raises :class:`fuzzseq.errors.UsageError` for a file or a name that is not there, code that is no Python, or text
    that is none of these.
    """
    if isinstance(target, str):
        return target_reference(target)
    from fuzzseq.loading.objects import of_object  # noqa: PLC0415 (only closures and notebooks need cloudpickle)

    return of_object(target)


def refuse_wrong(
    targets: Iterable[str | Callable[..., object]], custom_checks: Iterable[str] = (), custom_objects: str | None = None
) -> None:
    """Raise the :class:`fuzzseq.errors.UsageError` of the first target, check or file that is named and not there."""
    for target in targets:
        if isinstance(target, str):
            target_reference(target)
    for check in custom_checks:
        check_reference(check)
    if custom_objects is not None:
        custom_objects_reference(custom_objects)
