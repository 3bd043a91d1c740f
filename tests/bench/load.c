/* An open-loop client of notify: requests start by the clock and not when an earlier one is
 * answered, so that a stall costs every request that was due in it. Prints one line of JSON. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

enum { REQUEST_SIZE = 2048, ANSWER_SIZE = 4096, EVENTS_MAX = 256 };

struct options {
    long port;
    long connections;
    long rate; /* a second; 0: each connection sends again as soon as it is answered */
    long count;
    long warm_up; /* the first so many are not part of the result */
    long body_bytes;
};

struct connection {
    int socket;
    bool busy;
    int64_t due_ns; /* of the request on it */
    long number;
    size_t answer_size;
    char answer[ANSWER_SIZE + 1];
};

struct load {
    struct options options;
    char text[REQUEST_SIZE]; /* of messages */
    char run[17];            /* makes pushkeys and events differ from those of other runs */
    int poll;
    struct connection *connections;
    long *idle; /* a stack of indexes */
    long idle_count;
    int64_t started_ns;
    int64_t measured_from_ns;
    long sent;
    long answered;
    long failed; /* any answer but 200 with an empty list */
    int64_t *latencies_ns;
    long latency_count;
};

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- Requests ---- */

/* A group message as Synapse sends it, its text of so many bytes. */
static int write_body(const struct load *load, long number, int text_bytes,
                      char out[REQUEST_SIZE]) {
    return snprintf(
        out, REQUEST_SIZE,
        "{\"notification\":{\"id\":\"$%s%ld\",\"event_id\":\"$%s%ld\",\"room_id\":\"!room:example."
        "org\","
        "\"type\":\"m.room.message\",\"sender\":\"@ada:example.org\",\"sender_display_name\":"
        "\"Ada\","
        "\"room_name\":\"Analytical "
        "Engines\",\"prio\":\"high\",\"content\":{\"msgtype\":\"m.text\","
        "\"body\":\"%.*s\"},\"counts\":{\"unread\":2},\"devices\":[{\"app_id\":\"chat.columba."
        "android\","
        "\"pushkey\":\"ok-%s%ld:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx\",\"pushkey_ts\":1731999000,"
        "\"data\":{},\"tweaks\":{\"sound\":\"default\"}}]}}",
        load->run, number, load->run, number, text_bytes, load->text, load->run, number);
}

static size_t write_request(const struct load *load, long number, char out[REQUEST_SIZE]) {
    char body[REQUEST_SIZE];
    long text_bytes = load->options.body_bytes - write_body(load, number, 0, body);
    int size = write_body(load, number, text_bytes < 0 ? 0 : (int)text_bytes, body);

    return (size_t)snprintf(out, REQUEST_SIZE,
                            "POST /_matrix/push/v1/notify HTTP/1.1\r\nHost: push.example.org\r\n"
                            "User-Agent: load\r\nAccept-Encoding: gzip\r\n"
                            "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                            size, body);
}

static void start_request(struct load *load, long index, int64_t due_ns) {
    struct connection *connection = &load->connections[index];
    char request[REQUEST_SIZE];
    size_t size = write_request(load, load->sent, request);

    connection->busy = true;
    connection->due_ns = due_ns;
    connection->number = load->sent++;
    connection->answer_size = 0;
    if (connection->number == load->options.warm_up)
        load->measured_from_ns = now_ns();
    if (send(connection->socket, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        fail("send");
}

/* ---- Answers ---- */

/* Whether the answer is whole. */
static bool is_whole(const struct connection *connection) {
    const char *body = strstr(connection->answer, "\r\n\r\n");
    const char *length = strcasestr(connection->answer, "\r\ncontent-length:");

    if (body == NULL || length == NULL || length > body)
        return false;
    size_t head = (size_t)(body + 4 - connection->answer);
    return connection->answer_size >= head + strtoul(length + 17, NULL, 10);
}

static void finish_request(struct load *load, struct connection *connection) {
    bool good = strncmp(connection->answer, "HTTP/1.1 200 ", 13) == 0 &&
                strstr(connection->answer, "{\"rejected\":[]}") != NULL;

    load->answered++;
    load->failed += !good;
    if (connection->number >= load->options.warm_up)
        load->latencies_ns[load->latency_count++] = now_ns() - connection->due_ns;
    connection->busy = false;
    load->idle[load->idle_count++] = connection - load->connections;
}

static void read_answer(struct load *load, struct connection *connection) {
    ssize_t got = recv(connection->socket, connection->answer + connection->answer_size,
                       ANSWER_SIZE - connection->answer_size, 0);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || !connection->busy)
        fail("a connection was closed");
    connection->answer_size += (size_t)got;
    connection->answer[connection->answer_size] = '\0';
    if (is_whole(connection))
        finish_request(load, connection);
}

/* ---- The run ---- */

static void connect_all(struct load *load) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)load->options.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;

    for (long i = 0; i < load->options.connections; i++) {
        struct connection *connection = &load->connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connection->socket < 0 ||
            connect(connection->socket, (struct sockaddr *)&address, sizeof address) != 0)
            fail("connect");
        setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(connection->socket, F_SETFL, O_NONBLOCK);
        if (epoll_ctl(load->poll, EPOLL_CTL_ADD, connection->socket, &event) != 0)
            fail("epoll_ctl");
        load->idle[load->idle_count++] = i;
    }
}

/* When the next request is due. */
static int64_t due_ns(const struct load *load) {
    if (load->options.rate == 0)
        return now_ns();
    return load->started_ns + load->sent * 1000000000 / load->options.rate;
}

static void start_what_is_due(struct load *load) {
    while (load->sent < load->options.count && load->idle_count > 0) {
        int64_t due = due_ns(load);
        if (due > now_ns())
            break;
        start_request(load, load->idle[--load->idle_count], due);
    }
}

static int wait_ms(const struct load *load) {
    if (load->sent == load->options.count || load->idle_count == 0)
        return 1000;
    int64_t left_ns = due_ns(load) - now_ns();
    return left_ns <= 0 ? 0 : (int)((left_ns + 999999) / 1000000);
}

static void run(struct load *load) {
    struct epoll_event events[EVENTS_MAX];

    load->started_ns = now_ns();
    load->measured_from_ns = load->started_ns;
    while (load->answered < load->options.count) {
        start_what_is_due(load);
        int count = epoll_wait(load->poll, events, EVENTS_MAX, wait_ms(load));
        if (count < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int i = 0; i < count; i++)
            read_answer(load, events[i].data.ptr);
    }
}

/* ---- The result ---- */

static int by_size(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static double quantile_ms(const struct load *load, double share) {
    long index = (long)((double)(load->latency_count - 1) * share);

    return (double)load->latencies_ns[index] / 1e6;
}

static void report(struct load *load) {
    double seconds = (double)(now_ns() - load->measured_from_ns) / 1e9;

    qsort(load->latencies_ns, (size_t)load->latency_count, sizeof *load->latencies_ns, by_size);
    printf("{\"requests\":%ld,\"failed\":%ld,\"seconds\":%.3f,\"rate\":%.0f,\"p50_ms\":%.3f,"
           "\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
           load->answered, load->failed, seconds, (double)load->latency_count / seconds,
           quantile_ms(load, 0.50), quantile_ms(load, 0.90), quantile_ms(load, 0.99),
           quantile_ms(load, 1));
}

static bool read_options(int argc, char **argv, struct options *out) {
    static const struct option names[] = {
        {"port", required_argument, NULL, 0},
        {"connections", required_argument, NULL, 1},
        {"rate", required_argument, NULL, 2},
        {"count", required_argument, NULL, 3},
        {"warm-up", required_argument, NULL, 4},
        {"body", required_argument, NULL, 5},
        {NULL, 0, NULL, 0},
    };
    long *const values[] = {&out->port,  &out->connections, &out->rate,
                            &out->count, &out->warm_up,     &out->body_bytes};
    int option;

    *out = (struct options){.connections = 64, .count = 10000, .body_bytes = 600};
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == '?')
            return false;
        *values[option] = strtol(optarg, NULL, 10);
    }
    return optind == argc && out->port > 0 && out->connections > 0 && out->rate >= 0 &&
           out->warm_up >= 0 && out->count > out->warm_up && out->body_bytes < REQUEST_SIZE - 400;
}

int main(int argc, char **argv) {
    struct load load = {.poll = epoll_create1(EPOLL_CLOEXEC)};
    uint64_t random = 0;

    if (!read_options(argc, argv, &load.options)) {
        fprintf(stderr, "Usage: columba-load --port N [--connections N] [--rate PER_SECOND] "
                        "[--count N] [--warm-up N] [--body BYTES]\n");
        return 2;
    }
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        fail("getrandom");
    memset(load.text, 'x', sizeof load.text - 1);
    snprintf(load.run, sizeof load.run, "%016" PRIx64, random);
    load.connections = calloc((size_t)load.options.connections, sizeof *load.connections);
    load.idle = calloc((size_t)load.options.connections, sizeof *load.idle);
    load.latencies_ns = calloc((size_t)load.options.count, sizeof *load.latencies_ns);
    if (load.connections == NULL || load.idle == NULL || load.latencies_ns == NULL)
        fail("calloc");
    connect_all(&load);
    run(&load);
    report(&load);
    free(load.connections);
    free(load.idle);
    free(load.latencies_ns);
    return load.failed == 0 ? 0 : 1;
}
