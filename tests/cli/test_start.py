"""The command line starts light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "scipy", "sqlalchemy", "pydantic", "h5py", "rich", "sklearn", "numpy")


def modules_after(code: str, folder: Path) -> set[str]:
    program = f"import sys\n{code}\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    return set(ran.stderr.splitlines())


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    assert not modules_after("import harness.cli", tmp_path) & set(HEAVY)


def test_a_tabular_run_of_the_random_policy_imports_no_torch(tmp_path: Path) -> None:
    arguments = "'run', '--policy', 'random', '--oracle', 'tabular', '--seeds', '1', '--workers', '1', '--json'"
    code = (
        f"sys.argv = ['harness', {arguments}]\nfrom harness.cli import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code"
    )
    loaded = modules_after(code, tmp_path)
    assert "backends.tabular.oracle" in loaded
    assert "torch" not in loaded
