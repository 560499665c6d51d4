"""Mistakes with the loss, and with what is different in training."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.benchmarks.mutation.mutant import (
    Operator,
    Scope,
    called,
    expression,
    is_constant,
    keyword,
    with_argument,
    with_keyword,
)

_LOGITS = frozenset({"loss-logits"})
_PADDING = frozenset({"loss-padding", "loss-normalization", "loss-mask-shape"})
_NUMERIC = frozenset({"numeric-nonfinite"})


def _logits_flipped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    found = keyword(node, "from_logits")
    if isinstance(node, ast.Call) and found is not None:
        yield with_keyword(node, "from_logits", None if is_constant(found.value, True) else ast.Constant(True))
    if called(node).endswith("categorical_crossentropy") and isinstance(node, ast.Call) and found is None:
        yield with_keyword(node, "from_logits", ast.Constant(True))


def _softmax_dropped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    found = keyword(node, "activation")
    if isinstance(node, ast.Call) and found is not None and is_constant(found.value, "softmax"):
        yield with_keyword(node, "activation", None)


def _softmax_twice(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    plain = called(node) == "Dense" and keyword(node, "activation") is None
    if isinstance(node, ast.Call) and plain and node.args and "vocab" in ast.unparse(node.args[0]):
        yield with_keyword(node, "activation", ast.Constant("softmax"))


def _of_mask(node: ast.expr) -> bool:
    words = ("mask", "real", "weight", "valid")
    return any(any(word in n.id for word in words) for n in ast.walk(node) if isinstance(n, ast.Name))


def _mask_not_applied(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        if _of_mask(node.right):
            yield node.left
        if _of_mask(node.left):
            yield node.right


def _mean_over_padding(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    """The sum over real steps divided by all of them."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and "sum" in called(node.left):
        text = ast.unparse(node.left)
        name = called(node.left)
        yield expression(text.replace(name, name.replace("sum", "mean"), 1))
        yield node.left


def _sum_for_mean(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) in ("mean", "reduce_mean"):
        yield expression(ast.unparse(node).replace("mean", "sum", 1))


def _other_encoding(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    name = called(node)
    if name in ("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy"):
        other = "CategoricalCrossentropy" if name[0] == "S" else "categorical_crossentropy"
        yield expression(ast.unparse(node).replace(name, other, 1))
    if is_constant(node, "sparse_categorical_crossentropy"):
        yield ast.Constant("categorical_crossentropy")


def _class_not_ignored(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    found = keyword(node, "ignore_class")
    if isinstance(node, ast.Call) and found is not None:
        yield with_keyword(node, "ignore_class", None)


def _weights_dropped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    found = keyword(node, "sample_weight")
    if isinstance(node, ast.Call) and found is not None:
        yield with_keyword(node, "sample_weight", None)


def _always_training(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call) and called(node.func) in ("Dropout", "SpatialDropout1D", "GaussianNoise"):
        yield with_keyword(node, "training", ast.Constant(True))
    found = keyword(node, "training")
    if isinstance(node, ast.Call) and found is not None and isinstance(found.value, ast.Name):
        yield with_keyword(node, "training", ast.Constant(True))


def _never_training(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call) and called(node.func) in ("Dropout", "SpatialDropout1D"):
        yield with_keyword(node, "training", ast.Constant(False))
    found = keyword(node, "training")
    if isinstance(node, ast.Call) and found is not None and isinstance(found.value, ast.Name):
        yield with_keyword(node, "training", ast.Constant(False))


def _noise(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call) and called(node.func) == "Embedding" and node.args:
        yield expression(f"__import__('keras').layers.GaussianNoise(0.5)({ast.unparse(node)}, training=True)")


def _no_gradient(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    layer = called(node.func) if isinstance(node, ast.Call) and keyword(node.func, "return_state") is None else ""
    if layer in ("Embedding", "Dense", "GRU", "LSTM"):
        yield expression(f"__import__('keras').ops.stop_gradient({ast.unparse(node)})")


def _stop_dropped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "stop_gradient" and isinstance(node, ast.Call):
        yield node.args[0]


def _no_epsilon(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if not isinstance(node, ast.Call) or not node.args:
        return
    first, last = node.args[0], node.args[-1]
    added = isinstance(first, ast.BinOp) and isinstance(first.op, ast.Add)
    if called(node) in ("log", "sqrt", "rsqrt") and isinstance(first, ast.BinOp) and added:
        yield with_argument(node, 0, first.left)
    if called(node) == "maximum" and len(node.args) == 2 and isinstance(last, ast.Constant):
        yield first


def _large(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "exp" and isinstance(node, ast.Call):
        yield with_argument(node, 0, expression(f"100.0 * ({ast.unparse(node.args[0])})"))


def _cast_to_int(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    of_floats = called(node) == "cast" and ast.unparse(node).endswith(("float32)", "'float32')", ".dtype)"))
    if isinstance(node, ast.Call) and of_floats and len(node.args) == 2:
        yield with_argument(node, 1, ast.Constant("int32"))


def _cast_to_small(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "Input" and isinstance(node, ast.Call):
        found = keyword(node, "dtype")
        if found is not None and is_constant(found.value, "int32"):
            yield with_keyword(node, "dtype", ast.Constant("int8"))


def _made(name: str, causes: frozenset[str], rewrite: object) -> Operator:
    return Operator(name=name, family="training", causes=causes, rewrite=rewrite)  # type: ignore[arg-type]


OPERATORS = (
    _made("logits-flipped", _LOGITS | _NUMERIC, _logits_flipped),
    _made("softmax-dropped", _LOGITS | _NUMERIC, _softmax_dropped),
    _made("softmax-twice", _LOGITS, _softmax_twice),
    _made("loss-mask-not-applied", _PADDING | {"input-padding-leak", "decoder-attention-mask"}, _mask_not_applied),
    _made("loss-over-padding", _PADDING | {"input-padding-leak"}, _mean_over_padding),
    _made("sum-for-mean", _PADDING | {"input-padding-leak"}, _sum_for_mean),
    _made("labels-otherwise-encoded", frozenset({"loss-encoding", "loss-vocabulary"}), _other_encoding),
    _made("class-not-ignored", _PADDING | {"loss-vocabulary"}, _class_not_ignored),
    _made("sample-weight-dropped", _PADDING, _weights_dropped),
    _made("dropout-always", frozenset({"execution-nondeterministic"}), _always_training),
    _made("dropout-never", frozenset({"execution-dropout-off"}), _never_training),
    _made("noise-in-inference", frozenset({"execution-nondeterministic"}), _noise),
    _made("gradient-stopped", frozenset({"numeric-no-gradient"}), _no_gradient),
    _made("gradient-not-stopped", frozenset({"numeric-no-gradient"}), _stop_dropped),
    _made("epsilon-dropped", _NUMERIC, _no_epsilon),
    _made("exponent-large", _NUMERIC, _large),
    _made("cast-to-integers", frozenset({"numeric-no-gradient", "loss-dtype", "input-dtype"}), _cast_to_int),
    _made("ids-cast-to-small", frozenset({"input-dtype", "input-vocabulary"}), _cast_to_small),
)
