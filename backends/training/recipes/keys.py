"""What recipes of all tasks have in common: the keys that decide a training, and what values they can have."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any, ClassVar

from harness.core.errors import SettingError


class Keyed:
    """A dataclass of a recipe's keys; the keys with defaults may be left out of a file."""

    __slots__ = ()

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def document(self) -> dict[str, Any]:
        """Keys and values without those that have their default: equal documents, equal trainings."""
        defaults = {field.name: field.default for field in fields(self) if field.default is not MISSING}
        return {key: value for key, value in asdict(self).items() if key not in defaults or defaults[key] != value}

    def digest(self) -> str:
        """SHA-256 of the document as canonical JSON: equal digests, equal trainings (on the same library versions)."""
        return hashlib.sha256(json.dumps(self.document(), sort_keys=True).encode()).hexdigest()

    def require(self, words: Mapping[str, tuple[str, ...]], least: Mapping[str, int]) -> None:
        """Raise SettingError for a key that has none of its `words`, or a number below its `least` value."""
        for key, known in words.items():
            if getattr(self, key) not in known:
                expected = " or ".join(map(repr, known))
                raise SettingError(f"recipe key {key!r} is {getattr(self, key)!r}; expected {expected}")
        for key, smallest in least.items():
            if getattr(self, key) < smallest:
                raise SettingError(f"recipe key {key!r} is {getattr(self, key)}; expected {smallest} or more")
