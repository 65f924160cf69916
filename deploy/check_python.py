"""Say in one sentence what is missing when this Python can't run Bobbin."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Bobbin needs Python 3.11 or newer; this is "
        + sys.version.split()[0]
        + ". Try: make run PYTHON=python3.12"
    )
try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    sys.exit(
        "This Python has no venv module. On Debian or Ubuntu: apt-get install python3-venv, "
        "then try again."
    )
