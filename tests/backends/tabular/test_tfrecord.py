"""Record frames and the messages inside, against vectors computed apart from this project."""

from __future__ import annotations

import base64
import io
import json

import google_crc32c
import pytest

from backends.tabular.model_metrics import METRICS_CLASS
from backends.tabular.tfrecord import frame, masked_crc, read_records
from harness.core.errors import TableError

METRICS = (
    "Ci0JAAAAAAAAAAARAAAAAAAAAAAZmpmZmZmZuT8hmpmZmZmZuT8pmpmZmZmZuT8KLQkAAAAAAABLQBEAAAAAAMSCQBkAAAAAAADoPyEAAAAAAADk"
    "PykAAAAAAADgPwotCQAAAAAAAFtAEQAAAAAAwZJAGQAAAAAAAPA/IQAAAAAAAO4/KQAAAAAAAOw/EIq5pAEZAAAAAIBwl0A="
)
ROW = json.dumps(
    ["b49ac8c578b4561d79ac7087988f1c61", 108, "010001000", "input,conv3x3-bn-relu,output", METRICS]
).encode()


def test_the_checksum_is_castagnoli_masked_and_computed_in_c() -> None:
    assert google_crc32c.implementation == "c"
    assert google_crc32c.value(b"123456789") == 0xE3069283
    assert masked_crc(b"123456789") == 0xC78AB0E5


def test_a_frame_has_the_published_bytes() -> None:
    record = frame(ROW)
    assert len(ROW) == 298
    assert len(record) == 314
    assert record[:8] == bytes.fromhex("2a01000000000000")
    assert int.from_bytes(record[8:12], "little") == 0xAD215DA8
    assert int.from_bytes(record[-4:], "little") == 0xBFD0C2AF


def test_the_messages_read_as_the_protocol_says() -> None:
    raw = base64.b64decode(METRICS)
    metrics = METRICS_CLASS.FromString(raw)
    evaluations = [
        (e.current_epoch, e.training_time, e.train_accuracy, e.validation_accuracy, e.test_accuracy)
        for e in metrics.evaluation_data
    ]
    assert evaluations == [(0, 0, 0.1, 0.1, 0.1), (54, 600.5, 0.75, 0.625, 0.5), (108, 1200.25, 1.0, 0.9375, 0.875)]
    assert metrics.trainable_parameters == 2694282
    assert metrics.total_time == 1500.125
    assert metrics.SerializeToString() == raw


def test_frames_read_back_in_order_with_their_offsets() -> None:
    content = frame(b"first") + frame(b"") + frame(b"third" * 1000)
    assert list(read_records(io.BytesIO(content), "x")) == [(0, b"first"), (21, b""), (37, b"third" * 1000)]


@pytest.mark.parametrize("bit", range(8))
@pytest.mark.parametrize("byte", [0, 3, 8, 11, 12, 18, 19, 22])
def test_any_flipped_bit_is_noticed_with_record_and_offset(byte: int, bit: int) -> None:
    content = bytearray(frame(b"whole") + frame(b"damaged") + frame(b"after"))
    content[21 + byte] ^= 1 << bit
    with pytest.raises(TableError, match="record 2 at byte 21"):
        list(read_records(io.BytesIO(content), "x"))


@pytest.mark.parametrize("length", range(22, 44))
def test_any_cut_inside_a_record_is_noticed(length: int) -> None:
    content = (frame(b"whole") + frame(b"damaged"))[:length]
    with pytest.raises(TableError, match="record 2 at byte 21: the file ends"):
        list(read_records(io.BytesIO(content), "x"))
