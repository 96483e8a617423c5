"""``python -m tests.fuzzing``: see ``tests.fuzzing.running``."""

from tests.fuzzing.running import main

if __name__ == "__main__":
    main()
