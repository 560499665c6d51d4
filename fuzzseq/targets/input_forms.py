"""What stands in an input in the place of ids: sentences of words, or one-hot rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal

import attrs

from fuzzseq.grammar import Id, Identifier, Line

#: Sentences (batch,) or (batch, 1); or the words of each step, (batch, steps).
TextForm = Literal["sentences", "column", "words"]


@attrs.frozen(kw_only=True)
class Text:
    """The words that the ids of a side stand for, where a model is given text.

    Attributes:
        ids: the ids that have a word, ascending, in the order of ``words``.
        words: one for each id; that of ``unknown`` is in no vocabulary.
        unknown: the id of all words that the vocabulary does not have; None where it takes no others.
        special: ids of words that no ordinary row has, such as its start and its end.
        separator: what stands between two words.
        form: the shape in which the model takes them.
        pad: what stands at padding, where they are words.
    """

    ids: tuple[Id, ...] = ()
    words: tuple[Line, ...] = ()
    unknown: Id | None = None
    special: tuple[Id, ...] = ()
    separator: Line = " "
    form: TextForm = "sentences"
    pad: Line = ""

    def objection(self) -> str:
        """Return what is wrong with a text that was read: an id without a word, or none that is ordinary."""
        if len(self.ids) != len(self.words):
            return f"it has {len(self.ids)} ids and {len(self.words)} words"
        return "" if self.ordinary else "it has no ordinary word"

    @cached_property
    def ordinary(self) -> Sequence[int]:
        """The ids of ordinary words, ascending; that of unknown words is none."""
        return [id_ for id_ in self.ids if id_ not in (*self.special, self.unknown)]

    @cached_property
    def _words(self) -> Mapping[int, str]:
        return dict(zip(self.ids, self.words, strict=True))

    def word(self, id_: int) -> str:
        """Return the word of an id; that of an unknown one where it has none."""
        return self._words.get(id_, self._words.get(self.unknown if self.unknown is not None else id_, "?"))

    def sentence(self, ids: Iterable[int]) -> str:
        """Return the sentence that a row of ids stands for."""
        return self.separator.join(map(self.word, ids))


@attrs.frozen(kw_only=True)
class InputForms:
    """The sides, ``source`` and ``target``, that a model is given as ``text``, and those that it is given ``one_hot``.

    One-hot rows are as wide as the vocabulary of their side, and zeros at padding.
    """

    text: Mapping[Identifier, Text] = attrs.field(factory=dict)
    one_hot: tuple[Identifier, ...] = ()

    def pads_itself(self, side: str) -> bool:
        """Say whether what takes a side's sentences pads them."""
        return side in self.text and self.text[side].form != "words"
