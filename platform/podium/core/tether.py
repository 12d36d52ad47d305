"""Run a command that does not outlive the process which started it: `tether.py SIGNAL PARENT COMMAND …`.

The kernel sends SIGNAL to the command when PARENT dies, however it dies. Standard library only, and started with
`python -IS`: it becomes the command within milliseconds.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie_to_parent(number: int, parent: int) -> None:
    """Have the kernel send this process a signal when its parent ends; Linux only, elsewhere nothing happens."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), number)


if __name__ == "__main__":
    tie_to_parent(signal.Signals[sys.argv[1]], int(sys.argv[2]))
    os.execvp(sys.argv[3], sys.argv[3:])  # noqa: S606
