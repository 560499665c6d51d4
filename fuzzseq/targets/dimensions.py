"""The named sizes of a sequence-to-sequence model, their aliases, ranges and constraints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import attrs

from fuzzseq.errors import SpecError, nearest
from fuzzseq.grammar import MOST_COUNT, AtLeastOne, Count, Identifier, shown

_TIES: Final = ("multiple_of", "at_most", "at_least", "equal_to")


@attrs.frozen(kw_only=True)
class Dim:
    """The values that a dimension may take: an inclusive range, and its ties to other dimensions.

    ``multiple_of``, ``at_most``, ``at_least`` and ``equal_to`` are each a number or the name of another dimension.
    """

    min: AtLeastOne
    max: AtLeastOne
    multiple_of: AtLeastOne | Identifier | None = None
    at_most: Count | Identifier | None = None
    at_least: Count | Identifier | None = None
    equal_to: Count | Identifier | None = None

    def __str__(self) -> str:
        ties = [f"{name}={getattr(self, name)!r}" for name in _TIES if getattr(self, name) is not None]
        return f"dim({', '.join([str(self.min), str(self.max), *ties])})"

    def ties(self) -> Iterator[str]:
        """Return the names of the dimensions that this one depends on."""
        return (tie for name in _TIES if isinstance(tie := getattr(self, name), str))

    def renamed(self, rename: Callable[[str], str]) -> Dim:
        """Return the same values, with other names of the dimensions that they depend on."""
        ties = [getattr(self, name) for name in _TIES]
        multiple, most, least, equal = (rename(tie) if isinstance(tie, str) else tie for tie in ties)
        return attrs.evolve(self, multiple_of=multiple, at_most=most, at_least=least, equal_to=equal)

    def allows(self, value: int, sizes: Mapping[str, int]) -> bool:
        """Say whether ``value`` is allowed beside the other ``sizes`` (ties to absent sizes hold)."""
        ties = (self.multiple_of, self.at_most, self.at_least, self.equal_to)
        multiple, most, least, equal = (sizes.get(tie) if isinstance(tie, str) else tie for tie in ties)
        return (
            self.min <= value <= self.max
            and (multiple is None or (multiple > 0 and value % multiple == 0))
            and (most is None or value <= most)
            and (least is None or value >= least)
            and (equal is None or value == equal)
        )


def dim(
    min: int,
    max: int | None = None,
    *,
    multiple_of: int | str | None = None,
    at_most: int | str | None = None,
    at_least: int | str | None = None,
    equal_to: int | str | None = None,
) -> Dim:
    """Declare the inclusive range of a dimension; ``dim(8)`` fixes it to 8.

    Raises :class:`SpecError` for an empty range, a bound below 1, or a multiple below 1.
    """
    top = min if max is None else max
    for value in (min, top):
        if isinstance(value, bool) or not isinstance(value, int):
            raise SpecError(f"dim() takes integers, got {value!r}: write dim(1, 64).")
    if min < 1:
        raise SpecError(f"dim({min}, {top}) starts below 1: a dimension is a size, write dim(1, {top}).")
    if top > MOST_COUNT:
        raise SpecError(f"dim() was given {shown(top)}, which is not a valid size: write dim(1, 64).")
    if top < min:
        raise SpecError(f"dim({min}, {top}) is an empty range: its maximum must be at least its minimum.")
    if isinstance(multiple_of, int) and (multiple_of < 1 or top // multiple_of * multiple_of < min):
        raise SpecError(f"dim({min}, {top}, multiple_of={multiple_of}) holds no number: no multiple lies in the range.")
    return Dim(min=min, max=top, multiple_of=multiple_of, at_most=at_most, at_least=at_least, equal_to=equal_to)


#: The dimensions that belong to a batch and not to the built model.
DATA_DIMENSIONS: Final = ("batch_size", "source_length", "target_length")

#: Every known dimension with the range it is drawn from where a Spec says nothing, and what it is.
#: The order is the order of reports, and of ties between equally small cases.
KNOWN: Final[dict[str, tuple[Dim, str]]] = {
    "batch_size": (dim(1, 6), "rows in a batch"),
    "source_length": (dim(1, 12), "source steps of a batch, its padding included"),
    "target_length": (dim(1, 12), "decoder steps of a batch, its padding included"),
    "vocab_size": (dim(5, 16), "words of one vocabulary that serves both sides"),
    "source_vocab_size": (dim(5, 16), "words of the source vocabulary, special tokens included"),
    "target_vocab_size": (dim(5, 16), "words of the target vocabulary, special tokens included"),
    "embedding_dim": (dim(2, 16), "width of the token embeddings"),
    "units": (dim(2, 16), "width of the recurrent cells or of the model"),
    "encoder_units": (dim(2, 16), "width of the encoder"),
    "decoder_units": (dim(2, 16), "width of the decoder"),
    "attention_units": (dim(2, 16), "width of the attention's scores"),
    "feed_forward_dim": (dim(2, 16), "width of a Transformer's inner dense layer"),
    "key_dim": (dim(2, 8), "width of one attention head"),
    "num_heads": (dim(1, 4), "attention heads"),
    "num_layers": (dim(1, 3), "stacked layers"),
    "num_encoder_layers": (dim(1, 3), "stacked layers of the encoder"),
    "num_decoder_layers": (dim(1, 3), "stacked layers of the decoder"),
    "filters": (dim(2, 16), "channels of a convolution"),
    "kernel_size": (dim(1, 4), "steps that a convolution sees"),
    "feature_dim": (dim(2, 8), "features of one step of a float source"),
    "output_dim": (dim(2, 16), "classes of the output"),
    "max_length": (dim(2, 16), "the longest sequence that the model is built for"),
    "max_source_length": (dim(2, 16), "the longest source that the model is built for"),
    "max_target_length": (dim(2, 16), "the longest target, in decoder steps, that the model is built for"),
}

#: The dimensions that are the width of something.
WIDTHS: Final = tuple(
    name
    for name, (usual, _) in KNOWN.items()
    if usual.min == 2 and not name.endswith("vocab_size") and not name.startswith("max_")
)

#: Other names that factories use for known dimensions.
ALIASES: Final[dict[str, str]] = {
    "batch": "batch_size",
    "bs": "batch_size",
    "vocabulary_size": "vocab_size",
    "vocab": "vocab_size",
    "num_tokens": "vocab_size",
    "n_vocab": "vocab_size",
    "vocab_inp_size": "source_vocab_size",
    "vocab_tar_size": "target_vocab_size",
    "src_vocab_size": "source_vocab_size",
    "src_vocab": "source_vocab_size",
    "source_vocab": "source_vocab_size",
    "input_vocab_size": "source_vocab_size",
    "input_vocab": "source_vocab_size",
    "encoder_vocab_size": "source_vocab_size",
    "enc_vocab_size": "source_vocab_size",
    "source_vocabulary_size": "source_vocab_size",
    "num_encoder_tokens": "source_vocab_size",
    "tgt_vocab_size": "target_vocab_size",
    "trg_vocab_size": "target_vocab_size",
    "tgt_vocab": "target_vocab_size",
    "target_vocab": "target_vocab_size",
    "output_vocab_size": "target_vocab_size",
    "output_vocab": "target_vocab_size",
    "decoder_vocab_size": "target_vocab_size",
    "dec_vocab_size": "target_vocab_size",
    "target_vocabulary_size": "target_vocab_size",
    "num_decoder_tokens": "target_vocab_size",
    "embed_dim": "embedding_dim",
    "emb_dim": "embedding_dim",
    "emb_size": "embedding_dim",
    "embed_size": "embedding_dim",
    "embedding_size": "embedding_dim",
    "embedding_dims": "embedding_dim",
    "embedding_width": "embedding_dim",
    "hidden_size": "units",
    "hidden_dim": "units",
    "hidden_units": "units",
    "hidden": "units",
    "d_model": "units",
    "model_dim": "units",
    "latent_dim": "units",
    "num_units": "units",
    "n_units": "units",
    "rnn_units": "units",
    "lstm_units": "units",
    "gru_units": "units",
    "width": "units",
    "enc_units": "encoder_units",
    "encoder_dim": "encoder_units",
    "dec_units": "decoder_units",
    "decoder_dim": "decoder_units",
    "att_units": "attention_units",
    "attention_dim": "attention_units",
    "ff_dim": "feed_forward_dim",
    "ffn_dim": "feed_forward_dim",
    "d_ff": "feed_forward_dim",
    "dff": "feed_forward_dim",
    "feedforward_dim": "feed_forward_dim",
    "dense_dim": "feed_forward_dim",
    "intermediate_dim": "feed_forward_dim",
    "intermediate_size": "feed_forward_dim",
    "mlp_dim": "feed_forward_dim",
    "head_dim": "key_dim",
    "head_size": "key_dim",
    "key_value_dim": "key_dim",
    "n_heads": "num_heads",
    "heads": "num_heads",
    "nhead": "num_heads",
    "num_attention_heads": "num_heads",
    "n_layers": "num_layers",
    "layers": "num_layers",
    "depth": "num_layers",
    "encoder_layers": "num_encoder_layers",
    "decoder_layers": "num_decoder_layers",
    "num_filters": "filters",
    "encoder_attention_heads": "num_heads",
    "decoder_attention_heads": "num_heads",
    "encoder_ffn_dim": "feed_forward_dim",
    "decoder_ffn_dim": "feed_forward_dim",
    "d_kv": "key_dim",
    "num_mel_bins": "feature_dim",
    "num_features": "feature_dim",
    "n_features": "feature_dim",
    "features": "feature_dim",
    "num_mels": "feature_dim",
    "feature_size": "feature_dim",
    "input_dim": "feature_dim",
    "num_classes": "output_dim",
    "n_classes": "output_dim",
    "num_tags": "output_dim",
    "max_len": "max_length",
    "maxlen": "max_length",
    "seq_len": "max_length",
    "seq_length": "max_length",
    "sequence_length": "max_length",
    "max_seq_len": "max_length",
    "max_sequence_length": "max_length",
    "max_position_embeddings": "max_length",
    "max_source_positions": "max_source_length",
    "max_target_positions": "max_target_length",
    "window": "max_source_length",
    "window_size": "max_source_length",
    "window_length": "max_source_length",
    "lookback": "max_source_length",
    "look_back": "max_source_length",
    "horizon": "max_target_length",
    "forecast_horizon": "max_target_length",
    "src_len": "source_length",
    "tgt_len": "target_length",
    "max_src_len": "max_source_length",
    "max_source_len": "max_source_length",
    "max_encoder_seq_length": "max_source_length",
    "max_encoder_sequence_length": "max_source_length",
    "max_input_length": "max_source_length",
    "max_tgt_len": "max_target_length",
    "max_target_len": "max_target_length",
    "max_decoder_seq_length": "max_target_length",
    "max_decoder_sequence_length": "max_target_length",
    "max_output_length": "max_target_length",
}


def dimension_of(name: str) -> str | None:
    """Return the known dimension that a factory's parameter ``name`` stands for, or None."""
    lowered = name.lower()
    return lowered if lowered in KNOWN else ALIASES.get(lowered)


def unknown_parameter(name: str, factory: str) -> SpecError:
    """Return the error for a parameter without default whose name is no known dimension."""
    hint = nearest(name, (*KNOWN, *ALIASES))
    return SpecError(
        f"The parameter {name!r} of {factory} is not a known dimension and has no default.{hint} "
        f"Known dimensions: {', '.join(KNOWN)}. Give it a default, rename it, or declare its range: "
        f"@fuzz_target({name}=dim(1, 16))."
    )
