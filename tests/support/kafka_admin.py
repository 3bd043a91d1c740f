"""What an administrator does to a running Kafka, through librdkafka: topics made, they and records deleted,
what everybody may do forbidden and allowed again."""

import contextlib
import ctypes

from support.processes import Failure

PRODUCER = 0
TIMEOUT_MS = 30_000
TOPIC, LITERAL, WRITE, ALL, DENY, ALLOW = 2, 3, 4, 2, 2, 3
END = -1  # of DeleteRecords: all that there are
POINTERS = (
    "conf_new", "new", "queue_new", "queue_poll", "event_error_string", "NewTopic_new", "DeleteTopic_new",
    "AclBinding_new", "AclBindingFilter_new", "DeleteRecords_new", "topic_partition_list_new",
    "topic_partition_list_add",
)


class Rdkafka:
    """librdkafka by ctypes: every function by its name without rd_kafka_."""

    def __init__(self):
        self.library = ctypes.CDLL("librdkafka.so.1")

    def __getattr__(self, name):
        function = getattr(self.library, f"rd_kafka_{name}")
        function.restype = ctypes.c_void_p if name in POINTERS else ctypes.c_int
        return function


def _pointer(value):
    return ctypes.c_void_p(value)


@contextlib.contextmanager
def _client(lib, bootstrap):
    error = ctypes.create_string_buffer(512)
    conf = _pointer(lib.conf_new())
    lib.conf_set(conf, b"bootstrap.servers", bootstrap.encode(), error, 512)
    client = _pointer(lib.new(PRODUCER, conf, error, 512))
    queue = _pointer(lib.queue_new(client))
    try:
        yield client, queue
    finally:
        lib.queue_destroy(queue)
        lib.destroy(client)


def _ask(bootstrap, request, thing):
    """Sends that request about one thing, and waits until it is carried out."""
    lib = Rdkafka()
    with _client(lib, bootstrap) as (client, queue):
        things = (ctypes.c_void_p * 1)(thing(lib))
        getattr(lib, request)(client, things, ctypes.c_size_t(1), None, queue)
        event = lib.queue_poll(queue, TIMEOUT_MS)
        if event is None:
            raise Failure(f"{request}: no answer")
        if lib.event_error(_pointer(event)) != 0:
            words = ctypes.string_at(lib.event_error_string(_pointer(event)))
            raise Failure(f"{request}: {words.decode()}")
        lib.event_destroy(_pointer(event))


def make_topic(bootstrap, topic, partitions, settings):
    """Of one replica; by the broker's defaults, but for those settings."""

    def make(lib):
        error = ctypes.create_string_buffer(512)
        made = _pointer(lib.NewTopic_new(topic.encode(), partitions, 1, error, 512))
        for name, value in settings.items():
            lib.NewTopic_set_config(made, name.encode(), value.encode())
        return made.value

    _ask(bootstrap, "CreateTopics", make)


def delete_topic(bootstrap, topic):
    _ask(bootstrap, "DeleteTopics", lambda lib: lib.DeleteTopic_new(topic.encode()))


def delete_records(bootstrap, topic, partition):
    """All that are there."""

    def make(lib):
        offsets = _pointer(lib.topic_partition_list_new(1))
        lib.topic_partition_list_add(offsets, topic.encode(), partition)
        lib.topic_partition_list_set_offset(offsets, topic.encode(), partition,
                                            ctypes.c_int64(END))
        return lib.DeleteRecords_new(offsets)

    _ask(bootstrap, "DeleteRecords", make)


def _acl(lib, make, topic, operation, permission):
    error = ctypes.create_string_buffer(512)
    made = getattr(lib, make)(TOPIC, topic.encode(), LITERAL, b"User:*", b"*", operation,
                              permission, error, 512)
    if made is None:
        raise Failure(error.value.decode())
    return made


def forbid_writing(bootstrap, topic):
    """To everybody; all else they may go on to do."""
    for operation, permission in ((ALL, ALLOW), (WRITE, DENY)):
        _ask(bootstrap, "CreateAcls",
             lambda lib, o=operation, p=permission: _acl(lib, "AclBinding_new", topic, o, p))


def allow_writing(bootstrap, topic):
    _ask(bootstrap, "DeleteAcls",
         lambda lib: _acl(lib, "AclBindingFilter_new", topic, WRITE, DENY))
