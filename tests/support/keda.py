"""Lag as KEDA's Kafka scaler counts it, and what it and the HPA make of it. It asks the broker itself,
in Kafka's own words and not through librdkafka, which the programs count with."""

import math
import socket
import struct
import time

LIST_OFFSETS = 2
OFFSET_FETCH = 9
CREATE_PARTITIONS = 37
VERSION = 1  # of all: Kafka 4 understands none that is older
NO_LEADER_YET = (3, 5, 6)  # of a partition that is being made
NOT_COMMITTED = -1
EARLIEST, LATEST = -2, -1
TOLERANCE = 0.1  # of the metric, which the HPA leaves alone
STABILISATION_S = 300
SCALE_UP_PERIOD_S = 30
SCALE_UP_PODS = 4
SCALE_DOWN_PERIOD_S = 60


def _text(value):
    return struct.pack(">h", len(value)) + value.encode()


def _topic(topic, partitions):
    """An array of one topic, which has an array of partitions."""
    return b"".join([struct.pack(">i", 1), _text(topic), struct.pack(">i", len(partitions)), *partitions])


class NotYet(OSError):
    """To be asked again."""


class Broker:
    """The one broker of a test, which leads all partitions and coordinates all groups."""

    def __init__(self, bootstrap):
        host, _, port = bootstrap.rpartition(":")
        self.connection = socket.create_connection((host, int(port)), 10)
        self.replies = self.connection.makefile("rb")

    def close(self):
        self.replies.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _ask(self, key, body):
        request = struct.pack(">hhi", key, VERSION, 1) + _text("keda") + body
        self.connection.sendall(struct.pack(">i", len(request)) + request)
        size, _correlation = struct.unpack(">ii", self.replies.read(8))
        return self.replies.read(size - 4)

    @staticmethod
    def _partitions(topic, reply, layout, has_metadata):
        """What is said of each partition, of a reply with one topic."""
        at = 4 + 2 + len(topic)
        (count,) = struct.unpack_from(">i", reply, at)
        at += 4
        for _ in range(count):
            yield struct.unpack_from(layout, reply, at)
            at += struct.calcsize(layout)
            if has_metadata:
                (size,) = struct.unpack_from(">h", reply, at)
                (error,) = struct.unpack_from(">h", reply, at + 2 + max(size, 0))
                assert error == 0, f"{topic}: error {error}"
                at += 4 + max(size, 0)

    def offsets(self, topic, count, which=LATEST):
        """By partition: the offset after the last record (LATEST), or of the first (EARLIEST)."""
        asked = [struct.pack(">iq", number, which) for number in range(count)]
        reply = self._ask(LIST_OFFSETS, struct.pack(">i", -1) + _topic(topic, asked))
        found = {}
        for number, error, _timestamp, offset in self._partitions(topic, reply, ">ihqq", False):
            if error in NO_LEADER_YET:
                raise NotYet(f"{topic} [{number}]: error {error}")
            assert error == 0, f"{topic} [{number}]: error {error}"
            found[number] = offset
        return found

    def committed(self, group, topic, count):
        """By partition; NOT_COMMITTED where nothing is."""
        asked = [struct.pack(">i", number) for number in range(count)]
        reply = self._ask(OFFSET_FETCH, _text(group) + _topic(topic, asked))
        return dict(self._partitions(topic, reply, ">iq", True))

    def grow(self, topic, count):
        """Gives the topic so many partitions."""
        wanted = struct.pack(">i", 1) + _text(topic) + struct.pack(">ii", count, -1)
        reply = self._ask(CREATE_PARTITIONS, wanted + struct.pack(">i?", 10000, False))
        (error,) = struct.unpack_from(">h", reply, 4 + 4 + 2 + len(topic))
        assert error == 0, f"{topic}: error {error}"

    def lag(self, group, topic, count):
        """By partition, with offsetResetPolicy: earliest. The commits are asked for first, so that
        what comes meanwhile counts, as in KEDA."""
        committed = self.committed(group, topic, count)
        end = self.offsets(topic, count)
        if NOT_COMMITTED in committed.values():
            first = self.offsets(topic, count, EARLIEST)
            committed = {number: first[number] if offset == NOT_COMMITTED else offset
                         for number, offset in committed.items()}
        return {number: end[number] - committed[number] for number in end}


class Autoscaler:
    """An HPA on KEDA's metric of one lane, with the behaviour that the chart gives it. second_s makes
    its seconds shorter."""

    def __init__(self, threshold, least, most, second_s=1.0):
        self.threshold = threshold
        self.least = least
        self.most = most
        self.second_s = second_s
        self.wanted = []  # (when, replicas)
        self.grown = []  # (when, by how many)
        self.shrunk_at = -math.inf

    def desired(self, lag, replicas):
        """By the metric alone."""
        lag = min(lag, self.most * self.threshold)
        if replicas and abs(lag / (self.threshold * replicas) - 1) <= TOLERANCE:
            return replicas
        return max(self.least, min(self.most, math.ceil(lag / self.threshold)))

    def decide(self, lag, replicas):
        """How many there are to be now."""
        now = time.monotonic() / self.second_s
        desired = self.desired(lag, replicas)
        self.wanted = [one for one in self.wanted if one[0] > now - STABILISATION_S]
        self.wanted.append((now, desired))
        if desired > replicas:
            self.grown = [one for one in self.grown if one[0] > now - SCALE_UP_PERIOD_S]
            before = replicas - sum(by for _, by in self.grown)
            desired = max(replicas, min(desired, max(before * 2, before + SCALE_UP_PODS)))
            self.grown.append((now, desired - replicas))
            return desired
        # Nobody goes before less was enough for the whole window, and then one a minute.
        if max(count for _, count in self.wanted) < replicas:
            if now - self.shrunk_at >= SCALE_DOWN_PERIOD_S:
                self.shrunk_at = now
                return replicas - 1
        return replicas
