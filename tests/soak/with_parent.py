"""Run a program that the kernel kills once the thread that started it is gone:
``with_parent.py <id of the process that started it> <program> <argument> ...``.

It uses nothing but what Python has without this tree, and becomes the program.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h

ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):  # it was gone before the kernel knew
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the program that we were given
