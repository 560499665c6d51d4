"""Numbers in real messages of TensorFlow 2.21 and Keras 3.15 get the names of dimensions, or are said to have none."""

from __future__ import annotations

import pytest

from fuzzseq.diagnosis.symbolic_sizes import Names
from fuzzseq.protocol.framework_messages import FrameworkMessage, Topic

ONE = {"batch_size": 2, "source_length": 4, "target_length": 7, "vocab_size": 9, "embedding_dim": 11, "units": 13}
TWO = {"batch_size": 3, "source_length": 9, "target_length": 6, "vocab_size": 11, "embedding_dim": 5, "units": 16}

#: What is raised under the first assignment and under the second, the operation, and the message with names.
MESSAGES = {
    "eager, InvalidArgumentError": (
        (
            "{{function_node __wrapped__MatMul_device_/job:localhost/replica:0/task:0/device:CPU:0}} Matrix "
            "size-incompatible: In[0]: [2,14], In[1]: [13,52] [Op:MatMul] name: "
        ),
        (
            "{{function_node __wrapped__MatMul_device_/job:localhost/replica:0/task:0/device:CPU:0}} Matrix "
            "size-incompatible: In[0]: [3,17], In[1]: [16,64] [Op:MatMul] name: "
        ),
        "MatMul",
        "Matrix size-incompatible: In[0]: [batch_size,units + 1], In[1]: [units,4*units]",
    ),
    "graph, InvalidArgumentError": (
        (
            "Graph execution error:\n\nDetected at node translator/embedding/GatherV2 defined at (most recent "
            "call last):\n"
            '  File "model.py", line 7, in call\n\nindices[0,0] = 8 is not in [0, 8)\n'
            "\t [[{{node translator/embedding/GatherV2}}]] [Op:__inference_function_102]"
        ),
        (
            "Graph execution error:\n\nDetected at node translator/embedding/GatherV2 defined at (most recent "
            "call last):\n"
            '  File "model.py", line 7, in call\n\nindices[2,4] = 10 is not in [0, 10)\n'
            "\t [[{{node translator/embedding/GatherV2}}]] [Op:__inference_function_215]"
        ),
        "GatherV2",
        "indices[0,0] = vocab_size - 1 is not in [0, vocab_size - 1)",
    ),
    "Keras, ValueError": (
        (
            'Exception encountered when calling Head.call().\n\n\x1b[1mInput 0 of layer "dense" is incompatible '
            "with the "
            "layer: expected axis -1 of input shape to have value 13, but received input with shape (2, 7, "
            "26)\x1b[0m\n\n"
            "Arguments received by Head.call():\n  • x=tf.Tensor(shape=(2, 7, 26), dtype=float32)"
        ),
        (
            'Exception encountered when calling Head.call().\n\n\x1b[1mInput 0 of layer "dense" is incompatible '
            "with the "
            "layer: expected axis -1 of input shape to have value 16, but received input with shape (3, 6, "
            "32)\x1b[0m\n\n"
            "Arguments received by Head.call():\n  • x=tf.Tensor(shape=(3, 6, 32), dtype=float32)"
        ),
        "",
        (
            'Input 0 of layer "dense" is incompatible with the layer: expected axis -1 of input shape to have '
            "value units, "
            "but received input with shape (batch_size, target_length, 2*units)"
        ),
    ),
    "IndexError": ("list index out of range", "list index out of range", "", "list index out of range"),
    "TypeError": (
        "Expected shape (2, 24) of rank 2, got 33",
        "Expected shape (3, 21) of rank 2, got 33",
        "",
        "Expected shape (batch_size, embedding_dim + units) of rank 2, got 33",
    ),
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_message_is_understood(kind: str) -> None:
    """What the framework says around a message is left out, its operation is read, and its sizes are named."""
    one, two, op, named = MESSAGES[kind]
    assert FrameworkMessage(one).operation.replace("V2", "") == op.replace("V2", "")
    assert Names(ONE, TWO, {}).message(*(FrameworkMessage(each).cleaned for each in (one, two)))[0] == named


def test_a_number_without_a_name_is_said() -> None:
    """A constant, and a size that no expression explains under both assignments, stay numbers and are listed."""
    names = Names(ONE, TWO, {})
    assert names.message("[2,50] vs. [2,13]", "[3,50] vs. [3,16]") == ("[batch_size,50] vs. [batch_size,units]", (50,))
    assert names.message("got 101", "got 257") == ("got 101", (101,))


def test_an_index_is_no_size() -> None:
    """The place in an array is left as it is, whatever size it happens to equal."""
    assert Names(ONE, TWO, {}).message("In[0]: x[2] = 13", "In[0]: x[3] = 16")[0] == "In[0]: x[2] = units"


def test_one_assignment_names_nothing_but_dimensions() -> None:
    """Without a second assignment an expression might fit by chance: only plain dimensions are named."""
    alone = Names(ONE, None, {})
    assert alone.message("[2,14]", None) == ("[2,14]", ())
    assert [alone.expression(13, 13).text, alone.expression(14, 14).text] == ["units", "14"]


def test_unlike_messages_are_not_merged() -> None:
    """Where the second assignment fails with another sentence, no names are made up."""
    assert Names(ONE, TWO, {}).message("[2,13] is wrong", "no such row") == ("[2,13] is wrong", ())


def test_labels_are_values_and_no_sizes() -> None:
    """The labels that TensorFlow appends to a message differ in number, and hide no name of what stands before them."""
    text = "Received a label value of {} which is outside the valid range of [0, {}).  Label values: {} [Op:X]"
    one, two = text.format(13, 13, "3 13"), text.format(16, 16, "16 2 3")
    said = Names(ONE, TWO, {}).message(one, two)[0]
    assert said.startswith("Received a label value of units which is outside the valid range of [0, units).")
    assert said.endswith("Label values: ... [Op:X]")


def test_what_a_value_is_written_as_says_nothing() -> None:
    """Shapes, types and numbers of a value that a message writes out are none that it speaks of."""
    for value in (
        "<Variable path=gru/kernel, shape=(5, 2), dtype=float32, value=[[0.1, 2.0]]>",
        "<tf.Tensor: shape=(2, 3), dtype=int32, numpy=\narray([[1, 2, 3],\n [3, 4, 5]], dtype=int32)>",
        "tf.Tensor([[1 2]], shape=(1, 2), dtype=int32)",
        "KerasTensor(shape=(None, 7), dtype=float32, name=keras_tensor)",
        "TensorSpec(shape=(None, 4), dtype=tf.bool, name='real')",
    ):
        message = FrameworkMessage(f"cannot use {value} twice")
        assert not message.speaks_of(*Topic)
        assert (message.shapes, list(message.numbers)) == ((), [])
        assert not message.of_types
        assert not message.of_booleans
    said = FrameworkMessage("Shapes (2, 3) and (2, 4) are incompatible, not <tf.Tensor: shape=(9,)>").shapes
    assert said == ((2, 3), (2, 4))


def test_numbers_of_an_array_are_no_sizes() -> None:
    """The numbers of an array that a message writes out get no names, however many there are."""
    one, two = (f"bad ids array([{ids}], dtype=int32) of {n}" for ids, n in (("13, 2", 13), ("3", 16)))
    assert Names(ONE, TWO, {}).message(one, two)[0] == "bad ids array(...) of units"
