"""An encoder and a decoder apart, with explicit states and a decoder that is stepped by hand."""

from __future__ import annotations

from collections.abc import Callable


class EncoderDecoder:
    """What a factory returns when its encoder and its decoder are two models.

    ``encoder`` is called with the source ids (batch, source) and, where it has such a parameter or input, an initial
    state; it returns its outputs (batch, source, width), its states, or outputs and states.
    ``decoder`` is called once a step with the token ids (batch, 1), the states, and the encoder's outputs, and returns
    scores (batch, 1, words) or (batch, words), and the next states; what it returns beyond them is left alone.

    Parameters (or a functional model's inputs) are matched by name: tokens are ``x``, ``token(s)``, ``inputs`` or the
    first; states are ``state(s)``, ``hidden``, ``initial_state``, ``h`` and ``c``; the encoder's outputs are
    ``enc_output(s)``, ``encoder_output(s)``, ``memory``, ``context`` or ``values``; an input of a functional decoder
    with one of these names and of shape (batch, width) is given a vector of the encoder's, the same at every step. Wrap
    a decoder with other names in a function that has these.
    """

    def __init__(self, encoder: Callable[..., object], decoder: Callable[..., object]) -> None:
        self.encoder = encoder
        self.decoder = decoder
