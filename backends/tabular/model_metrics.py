"""The protobuf messages of NAS-Bench-101's records (its lib/model_metrics.proto), described without protoc."""

from __future__ import annotations

from typing import Protocol, cast

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

DOUBLE, INT32, STRING, MESSAGE = (
    FieldDescriptorProto.TYPE_DOUBLE,
    FieldDescriptorProto.TYPE_INT32,
    FieldDescriptorProto.TYPE_STRING,
    FieldDescriptorProto.TYPE_MESSAGE,
)
MEASURED = ("training_time", "train_accuracy", "validation_accuracy", "test_accuracy")
EVALUATION = ("current_epoch", *MEASURED)


class EvaluationData(Protocol):
    """One evaluation: the epoch, the seconds of training until then, and three accuracies as fractions."""

    current_epoch: float
    training_time: float
    train_accuracy: float
    validation_accuracy: float
    test_accuracy: float

    def HasField(self, name: str) -> bool:  # noqa: N802
        """Whether the message holds a value of this name; one that it lacks reads as 0."""


class ModelMetrics(Protocol):
    """One training: its evaluations at the start, at half time and at the end."""

    evaluation_data: list[EvaluationData]
    trainable_parameters: int
    total_time: float

    def HasField(self, name: str) -> bool:  # noqa: N802
        """Whether the message holds a value of this name."""

    def SerializeToString(self) -> bytes:  # noqa: N802
        """The message as bytes."""


class _MetricsClass(Protocol):
    def __call__(self) -> ModelMetrics: ...

    def FromString(self, content: bytes) -> ModelMetrics:  # noqa: N802
        """Read a message; raises google.protobuf.message.DecodeError."""


def _describe() -> FileDescriptorProto:
    evaluation = DescriptorProto(name="EvaluationData")
    for number, name in enumerate(EVALUATION, start=1):
        _add_field(evaluation, number, name, DOUBLE)
    _add_field(evaluation, 6, "checkpoint_path", STRING)
    metrics = DescriptorProto(name="ModelMetrics")
    repeated = metrics.field.add(name="evaluation_data", number=1, type=MESSAGE, type_name=".nasbench.EvaluationData")
    repeated.label = FieldDescriptorProto.LABEL_REPEATED
    _add_field(metrics, 2, "trainable_parameters", INT32)
    _add_field(metrics, 3, "total_time", DOUBLE)
    messages = [evaluation, metrics]
    return FileDescriptorProto(name="model_metrics.proto", package="nasbench", syntax="proto2", message_type=messages)


def _add_field(message: DescriptorProto, number: int, name: str, kind: FieldDescriptorProto.Type.ValueType) -> None:
    message.field.add(name=name, number=number, type=kind, label=FieldDescriptorProto.LABEL_OPTIONAL)


def _metrics_class() -> _MetricsClass:
    pool = DescriptorPool()
    pool.Add(_describe())
    return cast(_MetricsClass, GetMessageClass(pool.FindMessageTypeByName("nasbench.ModelMetrics")))


METRICS_CLASS = _metrics_class()
