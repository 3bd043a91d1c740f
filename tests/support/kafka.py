"""Where notifications are queued: a real Kafka, or the embedded broker. Both have start, stop,
freeze, thaw and bootstrap, so that a test need not know which it has."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.columba import program, run
from support.processes import REPOSITORY, Failure, Process, free_port, wait_until

START_KAFKA = REPOSITORY / "deploy/local/kafka/start"

# For a configuration's queue: the group notices within seconds that a member was killed. Only for
# brokers with the properties QUICK.
QUICK_GROUPS = {"properties": {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500}}


class Mortal:
    """Killed at the end of its with block."""

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.kill()


class RealKafka(Mortal):
    """Apache Kafka, one node. Started again it has its data."""

    name = "kafka"
    settings = {}
    # A broker that was killed is missed at once, and may come back at once.
    QUICK = (
        "broker.session.timeout.ms=3000",
        "broker.heartbeat.interval.ms=500",
        "group.min.session.timeout.ms=1000",
        "replica.lag.time.max.ms=3000",
    )

    def __init__(self, directory, properties=(), arguments=()):
        self.directory = directory
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.properties = properties
        self.arguments = arguments
        self.pid = None

    def start(self):
        command = [START_KAFKA, "--dir", self.directory, "--port", str(self.port), *self.arguments]
        for value in self.properties:
            command += ["--property", value]
        started = subprocess.run(command, capture_output=True, text=True, check=False)
        if started.returncode != 0:
            raise Failure(f"kafka did not start:\n{started.stderr}")
        self.pid = json.loads(started.stdout)["pid"]
        return self

    def prepare(self, config_path):
        """Has the topics of that configuration."""
        if not self.is_running():
            self.start()
        run("columbactl", "--config", config_path, "topics", "create")

    def is_running(self):
        """It is no child of ours: its state tells, and a zombie that nobody waits for has ended."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return False
        return fields[0] not in "ZX"

    def _end(self, number, timeout_s):
        if self.is_running():
            os.kill(self.pid, signal.SIGCONT)
            os.kill(self.pid, number)
            wait_until("kafka ends", lambda: not self.is_running(), timeout_s)
        self.pid = None

    def stop(self):
        self._end(signal.SIGTERM, 30)

    def kill(self):
        self._end(signal.SIGKILL, 10)

    def freeze(self):
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.pid, signal.SIGCONT)


class KafkaCluster(Mortal):
    """Apache Kafka, three nodes that are brokers and controllers. Started again they have their
    data. A node may be stopped, killed, frozen and started by itself."""

    name = "kafka cluster"
    settings = {"queue": {"replication": 3}}
    SIZE = 3

    def __init__(self, directory, properties=RealKafka.QUICK):
        controllers = [free_port() for _ in range(self.SIZE)]
        voters = ",".join(f"{at}@127.0.0.1:{port}" for at, port in enumerate(controllers, 1))
        self.nodes = {}
        for number, port in enumerate(controllers, 1):
            arguments = ["--node", str(number), "--controller-port", str(port), "--voters", voters,
                         "--heap", "320m", "--wait", "0"]
            self.nodes[number] = RealKafka(directory / f"node-{number}", properties, arguments)
        self.bootstrap = ",".join(node.bootstrap for node in self.nodes.values())

    def start(self):
        for node in self.nodes.values():
            if not node.is_running():
                node.start()
        wait_until("all nodes are there", lambda: len(self.metadata()["brokers"]) == self.SIZE, 120)
        return self

    def prepare(self, config_path):
        """Has the topics of that configuration."""
        self.start()
        run("columbactl", "--config", config_path, "topics", "create")
        self.wait_whole()

    def metadata(self):
        """As any node tells it; an OSError when none does."""
        command = ["kcat", "-b", self.bootstrap, "-L", "-J", "-m", "5"]
        ran = subprocess.run(command, capture_output=True, timeout=30, check=False)
        if ran.returncode != 0:
            raise OSError(ran.stderr.decode())
        return json.loads(ran.stdout)

    def leader(self, topic, partition=0):
        """The number of the node that leads it."""
        for found in self.metadata()["topics"]:
            if found["topic"] == topic:
                return found["partitions"][partition]["leader"]
        raise Failure(f"no topic {topic}")

    def is_whole(self):
        """Whether every partition has all its replicas in sync."""
        return all(
            len(partition["isrs"]) == len(partition["replicas"])
            for topic in self.metadata()["topics"]
            for partition in topic["partitions"]
        )

    def wait_whole(self, timeout_s=90):
        wait_until("all replicas are in sync", self.is_whole, timeout_s)

    def kill(self):
        for node in self.nodes.values():
            node.kill()


class EmbeddedBroker:
    """columba-broker. Started again it is empty."""

    name = "columba-broker"
    # The mock cluster lets nobody join with less than 4 s or more than 6 s.
    settings = {"queue": {"properties": {"session.timeout.ms": 6000}}}

    def __init__(self, directory):
        self.directory = directory
        self.config_path = None
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.process = None

    def command_line(self):
        return [program(self.name)]

    def prepare(self, config_path):
        """Makes the topics of that configuration by itself."""
        self.config_path = config_path
        self.start()

    def start(self):
        self.process = Process(
            self.name,
            [*self.command_line(), "--config", self.config_path],
            self.directory / "broker.log",
            output=subprocess.PIPE,
        )
        self.process.first_line()
        return self

    def stop(self):
        if self.process is not None:
            self.process.stop(10)
            self.process = None

    def kill(self):
        self.process.kill()

    def freeze(self):
        self.process.freeze()

    def thaw(self):
        self.process.thaw()


@dataclass
class Record:
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    headers: dict
    key: bytes
    value: bytes

    def json(self):
        return json.loads(self.value)


def read_topic(bootstrap, topic):
    """Every record of a topic, in the order of partition and offset, byte for byte."""
    layout = r"%K %S %p %o %T %h\n%k%s"
    command = ["kcat", "-b", bootstrap, "-C", "-t", topic, "-o", "beginning", "-e", "-q"]
    command += ["-X", "topic.metadata.refresh.sparse=true", "-f", layout]
    ran = subprocess.run(command, capture_output=True, timeout=60, check=False)
    if ran.returncode != 0:
        raise Failure(f"kcat could not read {topic}: {ran.stderr.decode()}")
    return sorted(_parse(topic, ran.stdout), key=lambda record: (record.partition, record.offset))


def _parse(topic, output):
    while output:
        line, _, output = output.partition(b"\n")
        key_size, value_size, partition, offset, timestamp, headers = line.decode().split(" ", 5)
        key_end = max(int(key_size), 0)
        value_end = key_end + max(int(value_size), 0)
        yield Record(
            topic,
            int(partition),
            int(offset),
            int(timestamp),
            dict(pair.partition("=")[::2] for pair in headers.split(",") if pair),
            output[:key_end],
            output[key_end:value_end],
        )
        output = output[value_end:]


def publish(bootstrap, topic, value, key=None, headers=()):
    """Puts one record there as a stranger's producer would."""
    command = ["kcat", "-b", bootstrap, "-P", "-t", topic, "-D", "\x01"]
    if key is not None:
        command += ["-k", key]
    for name, text in headers:
        command += ["-H", f"{name}={text}"]
    subprocess.run(command, input=value, check=True, timeout=60, capture_output=True)
