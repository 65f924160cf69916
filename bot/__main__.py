"""`python -m bot` is `bobbin`."""

import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # What follows takes a second. Ctrl-C meanwhile ends the process as it ends any other program,
    # without a trace of what was just being imported.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from bot.cli import main

if __name__ == "__main__":
    sys.exit(main())
