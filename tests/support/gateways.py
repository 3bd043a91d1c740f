"""Builds a gateway with everything around it, and takes it down again."""

import contextlib

from support.columba import Gateway
from support.fake_fcm import FakeFcm
from support.redis_server import RedisServer


@contextlib.contextmanager
def open_gateway(directory, queue, settings=None, started=True):
    """A gateway with a Redis and a provider of its own. At the end its programs must stop cleanly;
    whoever does not is killed. The queue is the caller's."""
    with contextlib.ExitStack() as stack:
        directory.mkdir(parents=True, exist_ok=True)
        redis = RedisServer(directory).start()
        stack.callback(redis.stop)
        fcm = FakeFcm(directory / "fcm").start()
        stack.callback(fcm.stop)
        gateway = Gateway(directory, queue, redis, fcm, settings)
        stack.callback(lambda: [one.kill() for one in gateway.programs])
        if started:
            gateway.start()
        yield gateway
        gateway.stop()


class GatewayFactory:
    """open(settings) for a test that breaks things, or needs a configuration of its own."""

    def __init__(self, directory, make_queue):
        self.directory = directory
        self.make_queue = make_queue
        self.gateways = []
        self.stack = contextlib.ExitStack()

    def open(self, settings=None, started=True):
        directory = self.directory / f"gateway-{len(self.gateways)}"
        queue = self.stack.enter_context(self.make_queue(directory))
        gateway = self.stack.enter_context(open_gateway(directory, queue, settings, started))
        self.gateways.append(gateway)
        return gateway

    def describe(self):
        return "\n".join(gateway.describe() for gateway in self.gateways)
