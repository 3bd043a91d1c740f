#include "dispatcher/ledger.h"

#include "common/base/base64.h"
#include "common/base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    int64_t offset;
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
    uint64_t settled_count;
    int64_t next; /* behind the last one taken */

    struct buffer before; /* a bit for each offset that was settled already, the lowest first */
    int64_t before_start; /* the offset of the first */
};

enum { FIRST_CAPACITY = 64, NOTE_BYTES = LEDGER_NOTE_OFFSETS / 8 };

/* Beyond what any log reaches: what is added to an offset does not overflow. */
static const int64_t offset_max = INT64_MAX / 2;

/* settled:OFFSET:BITS, base64url. The offset is that of the first bit and not of the commit, which
 * somebody may move without a look at the note. */
static const char note_mark[] = "settled:";

static bool read_note(struct ledger *ledger, const char *note) {
    const size_t mark = sizeof note_mark - 1;
    char *end = NULL;

    if (note == NULL || strncmp(note, note_mark, mark) != 0)
        return false;
    ledger->before_start = strtoll(note + mark, &end, 10);
    return end != note + mark && *end == ':' && ledger->before_start >= 0 &&
           ledger->before_start < offset_max && base64_decode(slice_of(end + 1), &ledger->before);
}

struct ledger *ledger_new(int64_t start, const char *note) {
    struct ledger *ledger = memory_new(sizeof *ledger);

    ledger->capacity = FIRST_CAPACITY;
    ledger->ring = memory_new_array(ledger->capacity, sizeof *ledger->ring);
    ledger->next = start;
    if (!read_note(ledger, note))
        buffer_clear(&ledger->before);
    return ledger;
}

void ledger_free(struct ledger *ledger) {
    if (ledger == NULL)
        return;
    buffer_free(&ledger->before);
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

void ledger_take(struct ledger *ledger, int64_t offset) {
    assert(offset >= ledger->next && !ledger_is_full(ledger));
    if (ledger->count == ledger->capacity)
        grow(ledger);
    *entry_at(ledger, ledger->count) = (struct entry){.offset = offset};
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
    ledger->settled_count++;
    while (ledger->count > 0 && entry_at(ledger, 0)->settled) {
        ledger->first++;
        ledger->count--;
    }
}

int64_t ledger_position(const struct ledger *ledger) {
    return ledger->count > 0 ? entry_at(ledger, 0)->offset : ledger->next;
}

static bool has_bit(const unsigned char *bits, size_t size, int64_t index) {
    return index >= 0 && (uint64_t)index / 8 < size && (bits[index / 8] >> index % 8 & 1) != 0;
}

static void set_bit(unsigned char *bits, int64_t index) {
    if (index >= 0 && index < LEDGER_NOTE_OFFSETS)
        bits[index / 8] |= (unsigned char)(1 << index % 8);
}

bool ledger_was_settled(const struct ledger *ledger, int64_t offset) {
    return has_bit((const unsigned char *)ledger->before.data, ledger->before.size,
                   offset - ledger->before_start);
}

uint64_t ledger_settled_count(const struct ledger *ledger) {
    return ledger->settled_count;
}

void ledger_write_note(const struct ledger *ledger, struct buffer *out) {
    const int64_t position = ledger_position(ledger);
    const int64_t before_end = ledger->before_start + (int64_t)ledger->before.size * 8;
    const int64_t end =
        before_end < position + LEDGER_NOTE_OFFSETS ? before_end : position + LEDGER_NOTE_OFFSETS;
    unsigned char bits[NOTE_BYTES] = {0};
    size_t size = sizeof bits;

    for (size_t i = 0; i < ledger->count; i++)
        if (entry_at(ledger, i)->settled)
            set_bit(bits, entry_at(ledger, i)->offset - position);
    for (int64_t offset = ledger->next; offset < end; offset++)
        if (ledger_was_settled(ledger, offset))
            set_bit(bits, offset - position);
    while (size > 0 && bits[size - 1] == 0)
        size--;
    if (size == 0)
        return;
    buffer_append_format(out, "%s%" PRId64 ":", note_mark, position);
    base64url_encode((struct slice){.data = (const char *)bits, .size = size}, out);
}

bool ledger_is_full(const struct ledger *ledger) {
    return ledger->count >= LEDGER_WINDOW;
}

size_t ledger_unsettled(const struct ledger *ledger) {
    return ledger->unsettled;
}
