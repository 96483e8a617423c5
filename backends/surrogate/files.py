"""Reads and writes surrogates as HDF5 files, which hold arrays and a JSON text of facts, and no executable code.

Attributes: ``schema``, ``schema_version``, ``facts`` (JSON) and ``digest``, the SHA-256 over every dataset by name
(``NAME DTYPE SHAPE`` and a line break, then its bytes) and over the facts. Datasets: ``columns``, ``scale``, and the
arrays of the trees of ``members`` and, where fitted, ``noise`` and ``seconds`` (backends/surrogate/trees.py).
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import h5py
import numpy as np
from pydantic import AfterValidator, ConfigDict, Field

from backends.surrogate.examples import Examples, ExampleSource, measure_for
from backends.surrogate.features import encoded, encoding_of
from backends.surrogate.model import Prediction, SurrogateModel
from backends.surrogate.trees import Array, Keys, TreeEnsembles
from harness import __version__
from harness.core.errors import IncompatibleError, SettingError, TableError
from harness.core.measures import Measure
from harness.core.quoting import one_line, quoted
from harness.core.space import SearchSpace
from harness.files.atomic_write import atomic_write
from harness.files.hdf5_layout import DatasetLayout, attribute, datasets
from harness.files.validation import validated

SCHEMA = "nas-search-harness surrogate"
VERSION = 1
ENDING = ".surrogate.h5"

REFIT_HINT = "fit it again with `harness surrogate fit`"


Count = Annotated[int, Field(ge=1, strict=True)]


def _known_metric(metric: str) -> str:
    measure_for(metric)
    return metric


@dataclass(frozen=True, slots=True, kw_only=True)
class SurrogateFacts:
    """The description of a surrogate: its space, training examples, model, and quality on held-out cells.

    ``cells`` is the number of training cells, ``repeats`` the largest number of repeats of a cell; with 1 the noise of
    trainings is unknown. ``held_out`` has the figures that harness/studies/surrogate/measure.py computes.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    space: str
    scheme: str
    space_size: Count
    encoding: str
    metric: Annotated[str, AfterValidator(_known_metric)]
    epochs: Count
    model: str
    seed: int
    cells: Count
    repeats: Count
    source: ExampleSource
    held_out: Mapping[str, Any]
    versions: Mapping[str, str]

    @property
    def split(self) -> str:
        """The data split of the metric: ``validation`` of ``validation_accuracy``."""
        return self.metric.partition("_")[0]

    @property
    def measure(self) -> Measure:
        """The measure of the metric, such as accuracy."""
        return measure_for(self.metric)


def require_name(path: str | Path) -> Path:
    """The path of a new surrogate file; raises SettingError for an ending other than ENDING or a missing folder.

    Plain ``.h5`` is refused, since every such file in a folder of tables counts as a table.
    """
    if not str(path).endswith(ENDING):
        raise SettingError(f"a surrogate's file must end in {ENDING!r}, not {str(path)!r}")
    if not Path(path).parent.is_dir():
        raise SettingError(f"the folder of {str(path)!r} does not exist")
    return Path(path)


def write(path: str | Path, facts: SurrogateFacts, model: SurrogateModel) -> str:
    """Write a surrogate atomically and return its digest; raises TableError if the file cannot be written."""
    arrays: dict[str, Array] = {"columns": model.columns, "scale": np.array([model.scale])}
    for name in TREES:
        trees: TreeEnsembles | None = getattr(model, name)
        arrays |= {} if trees is None else dict(trees.arrays(name))
    text = json.dumps(asdict(facts), sort_keys=True, allow_nan=False)
    digest, image = digest_of(arrays, text), io.BytesIO()
    with h5py.File(image, "w") as file:
        file.attrs.update({"schema": SCHEMA, "schema_version": VERSION, "digest": digest, "facts": text})
        for name, array in arrays.items():
            file.create_dataset(name, data=array, compression="gzip", shuffle=True)
    try:
        with atomic_write(Path(path)) as part, part.open("wb") as target:
            target.write(image.getbuffer())
    except OSError as error:
        reason = error.strerror or error
        raise TableError(f"cannot write surrogate {str(path)!r}: {reason}; nothing was written") from error
    return digest


TREES = ("members", "noise", "seconds")

MOST_FEATURES = 100_000
MOST_LENGTHS = {
    "columns": (1, MOST_FEATURES),
    "nodes": (1, 2**28),
    "members": (1, 1000),
    "trees": (1, 100_000),
}
"""The range of each length of the arrays."""

LAYOUT = {"columns": DatasetLayout("iu", ("columns",)), "scale": DatasetLayout("f", (1,))}


def tree_layout(name: str) -> dict[str, DatasetLayout]:
    """The arrays of trees; each ``name`` has lengths of its own."""
    nodes, members, trees = f"nodes of {name}", f"members of {name}", f"trees of {name}"
    return {
        "feature": DatasetLayout("iu", (nodes,)),
        "threshold": DatasetLayout("u", (nodes,)),
        "children": DatasetLayout("iu", (nodes, 2)),
        "value": DatasetLayout("f", (nodes,)),
        "roots": DatasetLayout("iu", (members, trees)),
        "bias": DatasetLayout("f", (members,)),
    }


def digest_of(arrays: Mapping[str, Array], facts: str) -> str:
    """SHA-256 over every array's name, type, shape and bytes, in the order of names, then over the facts."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        sha.update(array.reshape(-1).view(np.uint8).data)
    sha.update(facts.encode(errors="surrogateescape"))  # damaged text, as h5py reads it, is no UTF-8
    return sha.hexdigest()


class Surrogate:
    """A surrogate that ``Surrogate.open(path)`` reads from a file."""

    def __init__(self, path: Path, facts: SurrogateFacts, model: SurrogateModel, digest: str) -> None:
        self.path, self.facts, self.model, self.digest = path, facts, model, digest

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Read a file; raises TableError for one that is missing, foreign, damaged or of another version."""
        path = Path(path)
        text, digest, arrays = _content(path)
        if digest_of(arrays, text) != digest:
            raise TableError(
                f"surrogate {str(path)!r} was changed or damaged: its content has another digest; {REFIT_HINT}"
            )
        try:
            return cls(path, validated(SurrogateFacts, json.loads(text), "its facts"), _model(arrays), digest)
        except (TableError, SettingError, ValueError, RecursionError) as error:
            raise TableError(f"surrogate {str(path)!r} cannot be used: {error}; {REFIT_HINT}") from error

    @cached_property
    def width(self) -> int:
        """The smallest number of features that a cell must have."""
        return int(self.model.columns.max()) + 1

    def predict(self, space: SearchSpace, keys: Keys) -> Prediction:
        """The prediction for cells by their keys, in any labelling; raises IncompatibleError for too few features."""
        features = encoded(space, keys)
        if features.shape[1] < self.width:
            raise self._foreign(space)
        return self.model.predict(features)

    def require(self, space: SearchSpace) -> None:
        """Raise IncompatibleError unless the space is the space of the fit or a part of it."""
        facts = self.facts
        if space.scheme != facts.scheme or space.size > facts.space_size:
            raise self._foreign(space)
        if encoding_of(space) != facts.encoding:
            raise IncompatibleError(
                f"surrogate {str(self.path)!r} encodes cells by {facts.encoding!r}, not as this version does; "
                f"{REFIT_HINT}"
            )

    def _foreign(self, space: SearchSpace) -> IncompatibleError:
        return IncompatibleError(
            f"surrogate {str(self.path)!r} is of space {self.facts.space!r}, and predicts no cells of space "
            f"{space.name!r}; give --space {self.facts.space}, or fit another with `harness surrogate fit`"
        )


def _content(path: Path) -> tuple[str, str, dict[str, Array]]:
    """The facts, the digest, and the arrays of a file."""
    if not path.is_file():
        raise TableError(f"there is no surrogate file {str(path)!r}; `harness surrogate fit` makes one")
    try:
        with h5py.File(path, "r") as file:
            facts, digest = _attributes(path, file)
            return facts, digest, _arrays(path, file)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = one_line(str(error))[:400]
        raise TableError(f"{str(path)!r} is no readable HDF5 file, or a damaged one ({reason})") from error


def _attributes(path: Path, file: h5py.File) -> tuple[str, str]:
    if attribute(file, "schema") != SCHEMA:
        raise TableError(f"{str(path)!r} is an HDF5 file, but no surrogate; `harness surrogate fit` makes those")
    if (found := attribute(file, "schema_version")) != VERSION:
        raise TableError(f"surrogate {str(path)!r} has schema version {quoted(found)}, not {VERSION}; {REFIT_HINT}")
    facts, digest = (attribute(file, name) for name in ("facts", "digest"))
    texts = {"digest": digest, "facts": facts}
    if missing := [name for name, value in texts.items() if not isinstance(value, str)]:
        raise TableError(f"surrogate {str(path)!r} lacks the attributes {', '.join(missing)}; {REFIT_HINT}")
    return str(facts), str(digest)


def _arrays(path: Path, file: h5py.File) -> dict[str, Array]:
    """The arrays by name; raises TableError unless they have the declared layout, and are all that there is."""
    there = [name for name in TREES if name == "members" or name in file]
    layout = LAYOUT | {f"{name}/{part}": of_tree for name in there for part, of_tree in tree_layout(name).items()}
    lengths = {name: MOST_LENGTHS[name.partition(" ")[0]] for each in layout.values() for name in each.names}
    try:
        found = datasets(file, path, layout, lengths)
    except ValueError as error:
        raise TableError(f"surrogate {str(path)!r} cannot be used: {error}; {REFIT_HINT}") from error
    return {name: dataset[()] for name, dataset in found.items()}


def facts_of(
    examples: Examples, space: SearchSpace, model: str, *, seed: int, held_out: Mapping[str, Any]
) -> SurrogateFacts:
    """The facts of a surrogate that was fitted to these examples."""
    import sklearn

    return SurrogateFacts(
        space=space.name,
        scheme=space.scheme,
        space_size=space.size,
        encoding=encoding_of(space),
        metric=examples.metric,
        epochs=examples.epochs,
        model=model,
        seed=seed,
        cells=len(examples),
        repeats=int(examples.counts.max()),
        source=examples.source,
        held_out=held_out,
        versions={"harness": __version__, "scikit-learn": sklearn.__version__},
    )


def _model(arrays: Mapping[str, Array]) -> SurrogateModel:
    columns = arrays["columns"]
    if not ((columns >= 0) & (columns < MOST_FEATURES)).all():
        raise TableError("its columns are none")
    trees = {
        name: TreeEnsembles.read(arrays, name, features=len(columns)) for name in TREES if f"{name}/value" in arrays
    }
    scale = float(arrays["scale"].item())
    if not 0 <= scale < sys.float_info.max:
        raise TableError(f"its scale is {scale!r}")
    if len(trees["members"].roots) < 2:
        raise TableError("it needs members")
    return SurrogateModel(
        columns=columns.astype("<i4"),
        members=trees["members"],
        scale=scale,
        noise=trees.get("noise"),
        seconds=trees.get("seconds"),
    )
