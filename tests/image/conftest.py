"""Runs what tests/image/build made, the way a cluster would: read-only, without capabilities, as
nobody. Redis and the provider are the machine's own."""

import contextlib
import functools
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from support.columba import Program
from support.gateways import open_gateway
from support.kafka import EmbeddedBroker
from support.processes import Failure

HERE = Path(__file__).parent
IMAGE = "localhost/columba"
BASE = "localhost/columba-base"
UNIT_IMAGE = "localhost/columba-unit"
MEMORY_MIB = 64
# Containers get no more descriptors and processes than the machine lets them have.
PLAIN = ["--rm", "--network", "host", "--no-healthcheck"]
PLAIN += ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"]
CONFINED = [*PLAIN, "--read-only", "--read-only-tmpfs=false", "--memory", f"{MEMORY_MIB}m"]
CONFINED += ["--cap-drop", "all", "--security-opt", "no-new-privileges"]


class Podman:
    """podman on the storage that the image was built in; runc, since crun wants a newer set-up."""

    def __init__(self):
        options = subprocess.check_output([HERE / "storage"], text=True).split()
        self.command = ["podman", *options, "--runtime", "runc", "--cgroup-manager", "cgroupfs"]

    def run(self, *arguments, status=0):
        """A command that ends by itself; its standard output."""
        command = [*self.command, *map(str, arguments)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode != status:
            said = f"{ran.stdout}{ran.stderr}"
            raise Failure(f"{' '.join(command)} ended with {ran.returncode}:\n{said}")
        return ran.stdout

    def output_of(self, *command, user="0", status=0):
        """What a command says in a container of its own."""
        return self.run("run", *PLAIN, "--user", user, IMAGE, *command, status=status)

    def inspect(self, image):
        return json.loads(self.run("image", "inspect", image))[0]

    def entries(self, image):
        """Every path of an image's file system, as tar's own members."""
        name = f"columba-entries-{image.rpartition('/')[2]}"
        self.run("rm", "--force", "--ignore", name)
        self.run("create", "--name", name, "--no-healthcheck", image, "/nothing")
        try:
            return _members([*self.command, "export", name])
        finally:
            self.run("rm", "--force", name)


def _members(command):
    with subprocess.Popen(command, stdout=subprocess.PIPE) as export:
        with tarfile.open(fileobj=export.stdout, mode="r|") as archive:
            return {member.name: member for member in archive}


class Container(Program):
    """A program of Columba's in a container of its own. The process is podman's, which hands signals
    on."""

    def __init__(self, podman, name, config_path, *rest):
        self.podman = podman
        self.container = f"{name}-{config_path.stem}-{config_path.parent.name}"
        self.mounted = config_path.parent
        super().__init__(name, config_path, *rest)

    def command_line(self, config_path):
        mount = ["--volume", f"{self.mounted}:{self.mounted}:ro"]
        command = [*self.podman.command, "run", "--replace", "--name", self.container, *CONFINED, *mount]
        return [*command, IMAGE, self.name, "--config", config_path]

    def execute(self, *command, status=0):
        return self.podman.run("exec", self.container, *command, status=status)

    def kill(self):
        """podman's end alone would leave the container running."""
        if not self.has_ended():
            self.podman.run("rm", "--force", "--ignore", "--time", "0", self.container)
        super().kill()

    def state(self):
        return json.loads(self.podman.run("container", "inspect", self.container))[0]


class ContainedBroker(EmbeddedBroker):
    """The embedded broker as the build stage made it: that of an older librdkafka does not understand
    all that a newer client asks of it."""

    def __init__(self, podman, directory):
        super().__init__(directory)
        self.podman = podman

    def command_line(self):
        mount = ["--volume", f"{self.directory}:{self.directory}:ro"]
        command = [*self.podman.command, "run", *PLAIN, *mount, UNIT_IMAGE]
        return [*command, "/build/deploy/local/columba-broker"]


@pytest.fixture(scope="session")
def podman():
    return Podman()


@pytest.fixture(scope="session")
def make_queue(podman):
    @contextlib.contextmanager
    def make(directory):
        broker = ContainedBroker(podman, directory)
        try:
            yield broker
        finally:
            broker.stop()

    return make


def _let_everybody_read(directory):
    """The containers run as nobody in particular."""
    for folder, _, files in os.walk(directory):
        os.chmod(folder, 0o755)
        for name in files:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                os.chmod(path, 0o644)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory, make_queue, podman):
    """Both programs in containers; everything else on the machine itself."""
    directory = tmp_path_factory.mktemp("image")
    with make_queue(directory) as queue, open_gateway(directory, queue, started=False) as made:
        made.make_program = functools.partial(Container, podman)
        _let_everybody_read(directory)
        yield made.start()
