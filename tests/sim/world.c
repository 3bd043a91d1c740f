#include "tests/sim/world.h"

#include "common/base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event {
    int64_t at_ms;
    uint64_t sequence; /* equal times happen in the order they were scheduled */
    struct process *owner;
    loop_callback *happen;
    void *context;
    bool cancelled;
};

/* One world a program: the loops of its processes find it through their process. */
static struct {
    struct event **heap;
    size_t count;
    size_t capacity;
    uint64_t sequence;
} agenda;

struct loop {
    struct process *process;
};

struct timer {
    struct loop *loop;
    loop_callback *fire;
    void *context;
    struct event *event;
};

/* splitmix64: every bit of the run comes out of the seed. */
static uint64_t next_random(struct world *world) {
    uint64_t z = world->random_state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t world_random(struct world *world, uint64_t bound) {
    return next_random(world) % bound;
}

bool world_chance(struct world *world, unsigned percent) {
    return world_random(world, 100) < percent;
}

static bool is_before(const struct event *a, const struct event *b) {
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->sequence < b->sequence;
}

static void swap(size_t a, size_t b) {
    struct event *event = agenda.heap[a];

    agenda.heap[a] = agenda.heap[b];
    agenda.heap[b] = event;
}

static void push_event(struct event *event) {
    if (agenda.count == agenda.capacity) {
        agenda.capacity = agenda.capacity == 0 ? 1024 : agenda.capacity * 2;
        agenda.heap = memory_resize(agenda.heap, agenda.capacity * sizeof(struct event *));
    }
    size_t at = agenda.count++;
    agenda.heap[at] = event;
    while (at > 0 && is_before(agenda.heap[at], agenda.heap[(at - 1) / 2])) {
        swap(at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static struct event *pop_event(void) {
    struct event *first = agenda.heap[0];
    size_t at = 0;

    agenda.heap[0] = agenda.heap[--agenda.count];
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < agenda.count && is_before(agenda.heap[child], agenda.heap[least]))
                least = child;
        if (least == at)
            return first;
        swap(at, least);
        at = least;
    }
}

struct event *world_schedule(struct world *world, struct process *owner, int64_t after_ms,
                             loop_callback *happen, void *context) {
    struct event *event = memory_new(sizeof *event);

    *event = (struct event){.at_ms = world->now_ms + (after_ms < 0 ? 0 : after_ms),
                            .sequence = agenda.sequence++,
                            .owner = owner,
                            .happen = happen,
                            .context = context};
    push_event(event);
    return event;
}

void world_cancel(struct event *event) {
    event->cancelled = true;
}

void world_forget(struct world *world, struct process *process) {
    (void)world;
    for (size_t i = 0; i < agenda.count; i++)
        if (agenda.heap[i]->owner == process)
            agenda.heap[i]->cancelled = true;
}

void world_run_until(struct world *world, int64_t until_ms) {
    while (agenda.count > 0 && agenda.heap[0]->at_ms <= until_ms) {
        if (world->is_hasty && world->broken_promises > 0)
            return;
        struct event *event = pop_event();
        if (!event->cancelled) {
            world->now_ms = event->at_ms;
            world->current = event->owner;
            event->happen(event->context);
        }
        free(event);
    }
    world->now_ms = until_ms;
    world->current = NULL;
}

void world_end(struct world *world) {
    (void)world;
    while (agenda.count > 0)
        free(pop_event());
    free(agenda.heap);
    memset(&agenda, 0, sizeof agenda);
}

__attribute__((format(printf, 3, 0))) static void say(struct world *world, const char *kind,
                                                      const char *format, va_list arguments) {
    if (!world->trace)
        printf("seed %llu: ", (unsigned long long)world->seed);
    printf("%10.3f %s ", (double)world->now_ms / 1000, kind);
    vprintf(format, arguments);
    putchar('\n');
}

void world_broken(struct world *world, const char *format, ...) {
    va_list arguments;

    world->broken_promises++;
    va_start(arguments, format);
    say(world, "BROKEN", format, arguments);
    va_end(arguments);
}

void world_trace(struct world *world, const char *format, ...) {
    va_list arguments;

    if (!world->trace)
        return;
    va_start(arguments, format);
    say(world, " ", format, arguments);
    va_end(arguments);
}

/* ---- loop.h, in virtual time ---- */

struct loop *world_loop_new(struct process *process) {
    struct loop *loop = memory_new(sizeof *loop);

    loop->process = process;
    return loop;
}

struct process *world_process(struct loop *loop) {
    return loop->process;
}

void loop_free(struct loop *loop) {
    free(loop);
}

int64_t loop_wall_ms(const struct loop *loop) {
    return loop->process->world->now_ms + loop->process->skew_ms;
}

int64_t loop_monotonic_ms(const struct loop *loop) {
    return loop->process->world->now_ms;
}

void loop_random(struct loop *loop, void *out, size_t size) {
    unsigned char *bytes = out;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)next_random(loop->process->world);
}

struct timer *timer_new(struct loop *loop, loop_callback *fire, void *context) {
    struct timer *timer = memory_new(sizeof *timer);

    *timer = (struct timer){.loop = loop, .fire = fire, .context = context};
    return timer;
}

void timer_free(struct timer *timer) {
    if (timer == NULL)
        return;
    timer_stop(timer);
    free(timer);
}

static void timer_fired(void *context) {
    struct timer *timer = context;

    timer->event = NULL;
    timer->fire(timer->context);
}

void timer_start(struct timer *timer, int64_t after_ms) {
    struct process *process = timer->loop->process;

    timer_stop(timer);
    timer->event = world_schedule(process->world, process, after_ms, timer_fired, timer);
}

void timer_stop(struct timer *timer) {
    if (timer->event != NULL)
        world_cancel(timer->event);
    timer->event = NULL;
}

bool timer_is_running(const struct timer *timer) {
    return timer->event != NULL;
}
