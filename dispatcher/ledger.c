#include "dispatcher/ledger.h"

#include "common/base/memory.h"

#include <assert.h>
#include <stdlib.h>

struct entry {
    int64_t offset;
    int64_t taken_ms;
    bool settled;
};

/* A ring of what was taken, in order; it grows to the window as needed. The first entry, where
 * there is one, is unsettled. */
struct ledger {
    struct entry *ring;
    size_t capacity; /* a power of two */
    size_t first;    /* counts up; its place in the ring is its remainder */
    size_t count;
    size_t unsettled;
    int64_t next; /* behind the last one taken */
};

enum { FIRST_CAPACITY = 64 };

struct ledger *ledger_new(int64_t start) {
    struct ledger *ledger = memory_new(sizeof *ledger);

    ledger->capacity = FIRST_CAPACITY;
    ledger->ring = memory_new_array(ledger->capacity, sizeof *ledger->ring);
    ledger->next = start;
    return ledger;
}

void ledger_free(struct ledger *ledger) {
    if (ledger == NULL)
        return;
    free(ledger->ring);
    free(ledger);
}

static struct entry *entry_at(const struct ledger *ledger, size_t index) {
    return &ledger->ring[(ledger->first + index) & (ledger->capacity - 1)];
}

static void grow(struct ledger *ledger) {
    size_t capacity = ledger->capacity * 2;
    struct entry *ring = memory_new_array(capacity, sizeof *ring);

    for (size_t i = 0; i < ledger->count; i++)
        ring[i] = *entry_at(ledger, i);
    free(ledger->ring);
    ledger->ring = ring;
    ledger->capacity = capacity;
    ledger->first = 0;
}

void ledger_take(struct ledger *ledger, int64_t offset, int64_t now_ms) {
    assert(offset >= ledger->next && !ledger_is_full(ledger));
    if (ledger->count == ledger->capacity)
        grow(ledger);
    *entry_at(ledger, ledger->count) = (struct entry){.offset = offset, .taken_ms = now_ms};
    ledger->count++;
    ledger->unsettled++;
    ledger->next = offset + 1;
}

static struct entry *find(const struct ledger *ledger, int64_t offset) {
    size_t low = 0;
    size_t high = ledger->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (entry_at(ledger, middle)->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    struct entry *entry = low < ledger->count ? entry_at(ledger, low) : NULL;
    return entry != NULL && entry->offset == offset ? entry : NULL;
}

void ledger_settle(struct ledger *ledger, int64_t offset) {
    struct entry *entry = find(ledger, offset);

    assert(entry != NULL && !entry->settled);
    if (entry == NULL || entry->settled)
        return;
    entry->settled = true;
    ledger->unsettled--;
    while (ledger->count > 0 && entry_at(ledger, 0)->settled) {
        ledger->first++;
        ledger->count--;
    }
}

int64_t ledger_position(const struct ledger *ledger) {
    return ledger->count > 0 ? entry_at(ledger, 0)->offset : ledger->next;
}

bool ledger_is_full(const struct ledger *ledger) {
    return ledger->count >= LEDGER_WINDOW;
}

size_t ledger_unsettled(const struct ledger *ledger) {
    return ledger->unsettled;
}

int64_t ledger_oldest_ms(const struct ledger *ledger) {
    return ledger->count > 0 ? entry_at(ledger, 0)->taken_ms : -1;
}
