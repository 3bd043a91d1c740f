"""Processes of a test: started on loopback, waited for by asking, stopped by pid."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
POLL_S = 0.02
TAIL_LINES = 25
LINE_LENGTH = 400
SANITIZER_REPORT = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:")


class Failure(AssertionError):
    """A promise that was not kept, told with what the processes had to say."""


def free_port():
    """A port that nobody listens on, outside of the range that connections go out from."""
    while True:
        port = random.randint(15000, 31000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(what, condition, timeout_s=20, processes=(), poll_s=POLL_S):
    """Asks until condition() is true, and returns what it gave. OSErrors count as not yet."""
    deadline = time.monotonic() + timeout_s
    last_error = None
    while True:
        try:
            if value := condition():
                return value
        except OSError as error:
            last_error = error
        for process in processes:
            if process.has_ended():
                raise Failure(f"waiting for {what}: {process.describe()}")
        if time.monotonic() > deadline:
            because = f" (last: {last_error})" if last_error else ""
            tails = "".join("\n" + process.describe() for process in processes)
            raise Failure(f"{what}: not within {timeout_s} s{because}{tails}")
        time.sleep(poll_s)


def is_listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """One child, its standard error and output in a log file of its own."""

    def __init__(self, name, command, log_path, environment=None, output=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.log_path = Path(log_path)
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        log = open(self.log_path, "ab")
        self.child = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=output or log,
            stderr=log,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        log.close()
        self.was_killed = False

    @property
    def pid(self):
        return self.child.pid

    def has_ended(self):
        return self.child.poll() is not None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def describe(self):
        state = "running"
        if self.has_ended():
            state = f"ended with {self.child.returncode}"
        tail = "\n".join(line[:LINE_LENGTH] for line in self.log().splitlines()[-TAIL_LINES:])
        return f"--- {self.name} ({state}), end of {self.log_path}:\n{tail}"

    def first_line(self):
        """What it prints when it can be used; it was started with output=subprocess.PIPE."""
        line = self.child.stdout.readline()
        if not line:
            self.wait(5)
            raise Failure(f"not started: {self.describe()}")
        return json.loads(line)

    def signal(self, number):
        self.child.send_signal(number)

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def wait(self, timeout_s):
        """The exit status, or a Failure."""
        try:
            return self.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise Failure(f"not ended within {timeout_s} s: {self.describe()}") from None

    def kill(self):
        """As a power cut would: nothing is finished, nothing is said."""
        if not self.has_ended():
            self.was_killed = True
            self.child.kill()
            self.child.wait()
        if self.child.stdout is not None:
            self.child.stdout.close()

    def stop(self, timeout_s=30):
        """SIGTERM, then the exit status. A process that does not end is killed and blamed."""
        if not self.has_ended():
            self.thaw()
            self.child.terminate()
        try:
            return self.wait(timeout_s)
        finally:
            self.kill()

    def check_end(self, status):
        """A clean end: status 0, and no sanitizer had anything to say."""
        report = SANITIZER_REPORT.search(self.log())
        if report is not None:
            start = max(report.start() - 200, 0)
            raise Failure(f"{self.name}: {self.log()[start:start + 6000]}")
        if status != 0:
            raise Failure(f"{self.name} ended with {status}\n{self.describe()}")


def cpu_seconds(pid):
    """User and system time of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
