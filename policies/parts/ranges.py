"""Checks of settings that name the setting, its value and what would do."""

from __future__ import annotations

from harness.core.errors import SettingError


def require_at_least(low: float, **settings: float | None) -> None:
    """Refuse settings below ``low`` with SettingError; ``None`` (choose by the policy's rule) is fine."""
    for name, value in settings.items():
        if value is not None and not value >= low:
            raise SettingError(f"setting {name!r} cannot be {value!r}: it must be at least {low}")


def require_within(low: float, high: float, **settings: float) -> None:
    """Refuse settings outside ``[low, high]`` with SettingError."""
    for name, value in settings.items():
        if not low <= value <= high:
            raise SettingError(f"setting {name!r} cannot be {value!r}: it must lie in {low} to {high}")
