"""What crosses to a process and back: a model that writes to our socket is never believed, and never waited for."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fuzzseq.protocol.transport import LONGEST_ANSWER, Channel, Corrupted, Disconnected, out_of_the_way

#: Seconds that pass on a machine however slow before a test gives up, and few enough to wait for in a test.
PATIENCE, SHORT = 60.0, 0.2
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@contextmanager
def connection() -> Iterator[tuple[Channel, Channel, socket.socket]]:
    """Give the asking end, the answering end, and the socket of the answering end, as a model may find it."""
    ours, theirs = Channel.pair()
    answering = Channel(theirs)
    try:
        yield ours, answering, theirs
    finally:
        ours.close()
        answering.close()


@given(question=json_values, answer=json_values)
def test_there_and_back(question, answer):
    """A question comes over as it is, and its answer comes back as it is."""
    with connection() as (ours, theirs, _):
        ours.ask(question, limit=PATIENCE)
        assert theirs.question() == (question, [])
        theirs.reply({"ok": answer})
        assert ours.answer(PATIENCE) == {"ok": answer}


@given(written=st.binary(min_size=1, max_size=200), answered=st.booleans())
def test_bytes_that_are_no_answer(written, answered):
    """Whatever is written beside the answer, or in its place, is never taken for it, and nobody waits for more."""
    with connection() as (ours, theirs, end):
        ours.ask({"do": "run"}, limit=PATIENCE)
        theirs.question()
        end.sendall(written)
        if answered:
            theirs.reply({"ok": 1})
        end.shutdown(socket.SHUT_WR)
        with pytest.raises(Disconnected) as caught:
            ours.answer(PATIENCE)
        assert isinstance(caught.value, Corrupted) or (len(written) < 40 and not answered)


@given(size=st.integers(0, 2**64 - 1), key=st.binary(min_size=16, max_size=16), body=st.binary(max_size=50))
def test_a_forged_answer(size, key, body):
    """A frame that has the form of an answer, and not the key of the question, is not believed, whatever its size."""
    with connection() as (ours, theirs, end):
        ours.ask({"do": "run"}, limit=PATIENCE)
        theirs.question()
        end.sendall(struct.pack("!Q16s16s", size, key, b"\0" * 16) + body)
        with pytest.raises(Corrupted):
            ours.answer(PATIENCE)


@given(cut=st.integers(1, 39), other=st.integers(0, 255))
def test_an_answer_that_was_written_into(cut, other):
    """An answer of which one byte is another is not believed; one that is cut off ends with the connection."""
    with connection() as (ours, theirs, _), connection() as (copy, copied, _):
        ours.ask({"do": "run"}, limit=PATIENCE)
        theirs.question()
        copied._key = theirs._key
        copied.reply({"ok": [1, 2, 3]})
        frame = copy._socket.recv(1000)
        theirs._socket.sendall(frame[:cut])
        with pytest.raises(TimeoutError):
            ours.answer(0.0)
    with connection() as (ours, theirs, _):
        ours.ask({"do": "run"}, limit=PATIENCE)
        theirs.question()
        changed = bytearray(theirs._frame(b'{"ok":[1,2,3]}'))
        assume(changed[-2] != other)
        changed[-2] = other
        theirs._socket.sendall(changed)
        with pytest.raises(Corrupted):
            ours.answer(PATIENCE)


def test_an_answer_from_before():
    """An answer that was left over is none to the next question."""
    with connection() as (ours, theirs, _):
        for _ in range(2):
            ours.ask({"do": "run"}, limit=PATIENCE)
            theirs.question()
            theirs.reply({"ok": "the first"})
        with pytest.raises(Corrupted):
            ours.answer(PATIENCE)


def test_an_answer_that_is_too_long():
    """A size that no answer has is not waited for, even where it is signed."""
    with connection() as (ours, theirs, end):
        ours.ask({"do": "run"}, limit=PATIENCE)
        theirs.question()
        end.sendall(struct.pack("!Q16s16s", LONGEST_ANSWER + 1, theirs._key, b"\0" * 16))
        with pytest.raises(Corrupted, match="an answer of 67108865 bytes"):
            ours.answer(PATIENCE)


def test_nobody_is_waited_for_longer_than_was_said():
    """Neither an answer nor somebody who reads is waited for after the limit, be half of a frame there already."""
    looked = []
    with connection() as (ours, theirs, end):
        ours.ask({"do": "run"}, limit=PATIENCE)
        theirs.question()
        with pytest.raises(TimeoutError):
            ours.answer(SHORT, lambda: looked.append(True))
        end.sendall(theirs._frame(b"[]")[:-1])
        with pytest.raises(TimeoutError):
            ours.answer(SHORT)
        with pytest.raises(TimeoutError):
            ours.ask("x" * 5_000_000, limit=SHORT)
    assert len(looked) <= 2


def test_somebody_who_is_gone():
    """A closed connection is said to be closed, on both sides."""
    with connection() as (ours, theirs, _):
        theirs.close()
        with pytest.raises(Disconnected):
            ours.ask({"do": "run"}, limit=PATIENCE)
    with connection() as (ours, theirs, _):
        ours.close()
        with pytest.raises(Disconnected):
            theirs.question()


def test_large_answers_and_descriptors():
    """An answer of megabytes arrives whole, and so do the descriptors beside a question."""
    read, write = os.pipe()
    with connection() as (ours, theirs, _):
        ours.ask({"do": "fork"}, write, limit=PATIENCE)
        message, (given,) = theirs.question()
        os.write(given, b"here")
        assert (message, os.read(read, 10)) == ({"do": "fork"}, b"here")
        sender = threading.Thread(target=theirs.reply, args=({"ok": "x" * 3_000_000},))
        sender.start()
        assert len(ours.answer(PATIENCE)["ok"]) == 3_000_000
        sender.join()
        for descriptor in (read, write, given):
            os.close(descriptor)


def test_half_a_surrogate_pair():
    """What comes over can be written to a file: half a surrogate pair is no character, and a whole one is."""
    with connection() as (ours, theirs, _):
        ours.ask(None, limit=PATIENCE)
        theirs.question()
        theirs.reply({"half \ud800": ["\ud83d\ude00", "ä", "\udc00"]})
        answer = ours.answer(PATIENCE)
    assert answer == {"half ?": ["\U0001f600", "ä", "?"]}
    json.dumps(answer, ensure_ascii=False).encode()


def test_descriptors_are_out_of_the_way():
    """What a worker keeps open is not where loops over small numbers look, and no program that it starts has it."""
    read, write = os.pipe()
    moved = out_of_the_way(write)
    try:
        assert moved >= 200
        assert not os.get_inheritable(moved)
        os.write(moved, b"here")
        assert os.read(read, 10) == b"here"
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(write, b"gone")
    finally:
        os.close(read)
        os.close(moved)
