"""Exceptions that are not made to be described: each is said to be what it is, and none ends the worker."""

from __future__ import annotations

import signal

import pytest

from fuzzseq.object_text import LONGEST_TEXT, text_of
from fuzzseq.worker.exceptions import describe
from fuzzseq.worker.instrumentation import Tracker


def throw(error):
    """Raise an exception where only an expression may stand."""
    raise error


def made(name, base=Exception, **attributes):
    """Return an exception of a class with odd attributes, or without."""
    return type(name, (base,), attributes)("a")


Odd = type(
    "Odd", (str,), dict.fromkeys(("__getitem__", "__len__", "__iter__"), lambda *_: throw(RuntimeError("no text")))
)
Named = type("Named", (type,), {"__name__": property(lambda kind: 5)})
unsaid = property(lambda self: throw(RuntimeError("nothing is said")))
hidden = {"message": unsaid, "__traceback__": unsaid, "__cause__": unsaid, "__module__": 7}


def described(error):
    """Return how an exception is described that was raised, in a process that hears of no Ctrl-C, as a worker."""
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        throw(error)
    except BaseException as raised:  # noqa: BLE001
        return describe(raised, Tracker(), "forward")
    finally:
        signal.signal(signal.SIGINT, heard)


def own_cause(error, other=None):
    """Return an exception that is its own cause, by way of another."""
    error.__cause__, error.__context__ = other or error, other or error
    if other is not None:
        other.__context__ = error
    return error


@pytest.mark.parametrize(
    ("error", "exception", "message"),
    [
        (made("Raises", __str__=lambda self: self.args[1]), "Raises", "(no text: its __str__ raised IndexError)"),
        (made("Number", __str__=lambda self: 5), "Number", "(no text: its __str__ raised TypeError)"),
        (made("Exits", __str__=lambda self: throw(SystemExit(3))), "Exits", "(no text: its __str__ raised SystemExit)"),
        (made("Text", __str__=lambda self: Odd("what it says")), "Text", "what it says"),
        (Named("Nameless", (Exception,), hidden)("a"), "Nameless", "a"),
        (made("Base", BaseException), "Base", "a"),
        (KeyboardInterrupt(), "KeyboardInterrupt", "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit", "GeneratorExit"),
        (own_cause(ValueError("a")), "ValueError", "a"),
        (own_cause(ValueError("a"), KeyError("b")), "ValueError", "a"),
    ],
)
def test_what_it_is(error, exception, message):
    """The class and what it says, or why it says nothing."""
    raised = described(error)
    assert (type(raised.exception), type(raised.message)) == (str, str)
    assert (raised.exception, raised.message, raised.ending) == (exception, message, "completed")


def test_memory_behind_a_cycle():
    """A limit on memory is seen behind other exceptions, where these lead back to themselves as well."""
    error = own_cause(ValueError("a"), RuntimeError("b"))
    assert described(error).ending == "completed"
    error.__cause__.__cause__ = MemoryError("no more")
    assert (described(error).ending, described(error).message) == ("out_of_memory", "no more")


def test_huge():
    """Of an endless text the ends are looked at, and of a deep traceback the first and the last frames."""
    assert len(described(ValueError("x" * 10_000_000)).message) <= 2000
    text = text_of("a" * LONGEST_TEXT + "b" * LONGEST_TEXT)
    assert (len(text), text[0], text[-1]) == (LONGEST_TEXT + 5, "a", "b")

    def deeper(depth):
        if not depth:
            raise ValueError("down here")
        deeper(depth - 1)

    try:
        deeper(500)
    except ValueError as error:
        frames = describe(error, Tracker(), "forward").frames
    assert len(frames) == 100
    assert frames[0].function == "test_huge"
    assert frames[-1].source == 'raise ValueError("down here")'


def test_an_exit_is_none_of_them():
    """An exit ends the process, as it would that of the model's user."""
    with pytest.raises(SystemExit):
        described(SystemExit("enough"))


def test_an_interrupt_that_is_heard():
    """Where Ctrl-C reaches the process, as one for a debugger, an interrupt is its user's."""
    with pytest.raises(KeyboardInterrupt):
        describe(KeyboardInterrupt(), Tracker(), "forward")
