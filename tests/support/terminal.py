"""A program in a terminal of its own, and the page that stands on it."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

from support.processes import Failure

HOME = "\x1b[H"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """For programs that draw each page anew from the upper left corner."""

    def __init__(self, command, columns=120, rows=40):
        self.leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.text = ""
        self.process = subprocess.Popen(list(map(str, command)), stdin=follower, stdout=follower, stderr=follower,
                                        start_new_session=True, env={**os.environ, "TERM": "xterm"})
        os.close(follower)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                data = os.read(self.leader, 65536)
            except OSError:  # nobody has the other side any more
                return
            self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")

    def page(self):
        """The last one that is complete, without what moves the cursor; "" before there is one."""
        pages = self.text.split(HOME)
        whole = pages[-2] if len(pages) > 2 else ""
        return CONTROL.sub("", whole)

    def type(self, text):
        """As somebody at the keyboard does; what was written so far is forgotten."""
        self.text = ""
        os.write(self.leader, text.encode())

    def interrupt(self):
        """As Ctrl-C; the status that it ended with."""
        self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired as late:
            raise Failure(f"{self.process.args} goes on after Ctrl-C:\n{self.page()}") from late
        self.reader.join(5)
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join(5)
        os.close(self.leader)
