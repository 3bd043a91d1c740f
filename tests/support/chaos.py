"""Faults at moments that a seed chooses. COLUMBA_ROUNDS says how often each, COLUMBA_SEED repeats
a run's choices."""

import contextlib
import os
import random
import time

ROUNDS = int(os.environ.get("COLUMBA_ROUNDS") or 3)
IS_LONG = ROUNDS > 3
SEED = int(os.environ.get("COLUMBA_SEED") or random.SystemRandom().randrange(1 << 32))
LONGEST_PAUSE_S = 1.5


class Moments:
    """Moments and choices of one test: by the seed of the run and the test's name."""

    def __init__(self, name):
        self.random = random.Random(f"{SEED} {name}")

    def pause(self, longest_s=LONGEST_PAUSE_S):
        """Lets the load run until the moment comes."""
        time.sleep(self.random.uniform(0, longest_s))

    def choose(self, choices):
        return self.random.choice(choices)


def kill_dispatcher(gateway, moments):
    gateway.dispatcher.kill()
    moments.pause()
    gateway.start_dispatcher()


def kill_ingress(gateway, moments):
    port = gateway.ingress.port
    gateway.ingress.kill()
    moments.pause()
    gateway.start_ingress(port=port)


def kill_redis(gateway, moments):
    gateway.redis.process.kill()
    moments.pause()
    gateway.redis.start()


def kill_provider(gateway, moments):
    gateway.fcm.process.kill()
    moments.pause()
    gateway.fcm.start()


def kill_broker(gateway, moments):
    gateway.queue.kill()
    moments.pause()
    gateway.queue.start()


VICTIMS = {
    "dispatcher": kill_dispatcher,
    "ingress": kill_ingress,
    "redis": kill_redis,
    "provider": kill_provider,
    "broker": kill_broker,
}


@contextlib.contextmanager
def frozen(process):
    """SIGSTOP, and SIGCONT at the end."""
    process.freeze()
    try:
        yield
    finally:
        process.thaw()
