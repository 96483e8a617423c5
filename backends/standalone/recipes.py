"""Training recipes: everything that decides what a stand-alone training does, read from a YAML file."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from backends.tabular.shelf import folders
from harness.core.errors import SettingError, UnknownNameError


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One recipe; each budget in `epochs` is a training of its own with its own learning-rate schedule.

    Data: `train_images` and `validation_images` (the rest is test), pixel `noise` in standard deviations; training
    accuracy is measured on the first `train_accuracy_images`.
    Network: `width`, `stacks`, `modules`, `batch_norm_momentum` as in `backends.networks.nasbench101.Skeleton`.
    Optimiser: SGD with Nesterov `momentum`, `weight_decay` on every parameter, batches of `batch_size`; the rate rises
    linearly to `learning_rate` over the fraction `warmup` of the steps and falls to 0 along a half cosine.
    """

    dataset: str
    train_images: int
    validation_images: int
    noise: float
    train_accuracy_images: int
    width: int
    stacks: int
    modules: int
    batch_norm_momentum: float
    epochs: tuple[int, ...]
    batch_size: int
    learning_rate: float
    warmup: float
    momentum: float
    weight_decay: float
    repeats: int
    seed: int

    def __post_init__(self) -> None:
        if min(self.epochs, default=0) < 2 or list(self.epochs) != sorted(set(self.epochs)):
            raise SettingError(f"recipe key 'epochs' must be ascending numbers from 2 up, not {list(self.epochs)}")

    def digest(self) -> str:
        """SHA-256 of the recipe as canonical JSON: equal digests, equal trainings (on the same library versions)."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def recipe_path(name_or_path: str) -> Path:
    """The file of a recipe that lies beside the tables, or the path itself; raises `UnknownNameError`."""
    if name_or_path.endswith((".yaml", ".yml")):
        return Path(name_or_path)
    known = {path.stem: path for folder in reversed(folders()) for path in folder.glob("*.yaml")}
    if name_or_path not in known:
        raise UnknownNameError.among("recipe", name_or_path, known)
    return known[name_or_path]


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; raises `SettingError` on no such file, an unknown or missing key, or a value of another type."""
    if not path.is_file():
        raise SettingError(f"there is no recipe file {str(path)!r}; expected a YAML file")
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(f"{str(path)!r} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict):
        raise SettingError(f"{str(path)!r} is not a recipe: expected keys and values")
    wanted = {field.name: field.type for field in fields(Recipe)}
    if different := sorted(settings.keys() ^ wanted.keys()):
        raise SettingError(
            f"{str(path)!r} has missing or unknown keys {different}; a recipe has exactly {list(wanted)}"
        )
    return Recipe(**{name: _typed(name, settings[name], kind) for name, kind in wanted.items()})


def _typed(name: str, value: Any, kind: object) -> Any:
    if kind == tuple[int, ...] and isinstance(value, list) and all(type(item) is int for item in value):
        return tuple(value)
    if kind is float and type(value) in (int, float):
        return float(value)
    if type(value) is kind:
        return value
    raise SettingError(f"recipe key {name!r} is {value!r}; expected {getattr(kind, '__name__', kind)}")
