"""The notebook's kernel, as it works without a network.

ipykernel lets children print through a socket on the loopback interface. ZeroMQ asks the kernel for the interfaces by
netlink then, which the sandbox refuses, and ends the process. Without that pipe only what children print is not shown.
"""

import sys

del sys.path[0]

from ipykernel import iostream, kernelapp


class IOPubThread(iostream.IOPubThread):
    """The thread that sends what is printed, without the pipe for children."""

    def __init__(self, socket, pipe=False, **rest):
        super().__init__(socket, pipe=False, **rest)


kernelapp.IOPubThread = IOPubThread

if __name__ == "__main__":
    kernelapp.launch_new_instance()
