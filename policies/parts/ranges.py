"""Checks of numeric settings; the errors name the setting, its value and the allowed range."""

from __future__ import annotations

from harness.core.errors import SettingError


def require_at_least(low: float, **settings: float | None) -> None:
    """Raise SettingError for a setting below ``low``; ``None`` (the policy's default rule) is allowed."""
    for name, value in settings.items():
        if value is not None and not value >= low:
            raise SettingError(f"setting {name!r} cannot be {value!r}: it must be at least {low}")


def require_within(low: float, high: float, **settings: float) -> None:
    """Raise SettingError for a setting outside ``[low, high]``."""
    for name, value in settings.items():
        if not low <= value <= high:
            raise SettingError(f"setting {name!r} cannot be {value!r}: it must lie in {low} to {high}")
