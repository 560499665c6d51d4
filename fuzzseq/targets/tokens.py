"""The ids of special tokens, and what lies between them."""

from __future__ import annotations

import attrs

from fuzzseq.grammar import Id


@attrs.frozen(kw_only=True)
class Tokens:
    """The ids of the special tokens; None where a model has none.

    ``label_pad`` is what labels are padded with, where that is not ``pad``: -100, for example, which no loss counts.
    ``unk`` stands for unknown words; ``sep`` and ``mask`` occur in sources alone. What lies between special ids are
    words. ``blank`` is the class of CTC that stands for no label: -1 is the last one.
    """

    pad: Id = 0
    start: Id | None = 1
    end: Id | None = 2
    label_pad: Id | None = None
    unk: Id | None = None
    sep: Id | None = None
    mask: Id | None = None
    blank: Id | None = None

    def specials(self, *, target: bool = False) -> frozenset[int]:
        """Return the ids that no source row holds, or no target row: what is put around it, or is no text."""
        apart = (self.sep, self.mask) if target else ()
        return frozenset(t for t in (self.pad, self.start, self.end, *apart) if t is not None)

    def named_words(self) -> tuple[int, ...]:
        """Return the ids that have a name, and occur in a source like any other."""
        return tuple(t for t in (self.unk, self.sep, self.mask) if t is not None)

    def word_from(self, word: int, *, target: bool = False) -> int:
        """Return the first id from one on that is an ordinary word."""
        while word in self.specials(target=target):
            word += 1
        return word

    def size_for(self, words: int, *, target: bool = False) -> int:
        """Return the smallest vocabulary that holds the special ids, and so many ordinary words."""
        specials = self.specials(target=target)
        named = (t for t in (*specials, self.unk, self.sep, self.mask) if t is not None)
        size, found = max(named) + 1, 0
        for word in range(size):
            found += word not in specials
        return size + max(0, words - found)
