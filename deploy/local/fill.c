#include "deploy/local/fill.h"

/* Of the record batch format: the header of a batch, the fixed part and longest lengths of a
 * record, the longest lengths of a header. */
enum { BATCH_OVERHEAD_BYTES = 61, RECORD_OVERHEAD_BYTES = 36, HEADER_OVERHEAD_BYTES = 10 };

enum { HALF_PERCENT = 50, NEARLY_PERCENT = 80, LOSING_PERCENT = 100, CALM_PERCENT = 25 };

void fill_append(struct fill *fill, int64_t offset, size_t wire_bytes) {
    int64_t before = fill->bytes;

    fill->bytes += (int64_t)wire_bytes;
    fill->next_offset = offset + 1;
    if (before / FILL_MARK_BYTES != fill->bytes / FILL_MARK_BYTES)
        fill->marks[fill->mark_count++ % FILL_MARK_COUNT] =
            (struct fill_mark){.offset = fill->next_offset, .bytes = fill->bytes};
}

size_t fill_wire_bytes(size_t key_bytes, size_t value_bytes, size_t header_bytes,
                       size_t header_count) {
    return BATCH_OVERHEAD_BYTES + RECORD_OVERHEAD_BYTES + key_bytes + value_bytes + header_bytes +
           header_count * HEADER_OVERHEAD_BYTES;
}

/* The bytes that were appended before the offset, rounded down to a mark. */
static int64_t bytes_before(const struct fill *fill, int64_t offset) {
    size_t kept = fill->mark_count < FILL_MARK_COUNT ? fill->mark_count : FILL_MARK_COUNT;

    if (offset >= fill->next_offset)
        return fill->bytes;
    for (size_t i = 1; i <= kept; i++) {
        const struct fill_mark *mark = &fill->marks[(fill->mark_count - i) % FILL_MARK_COUNT];
        if (mark->offset <= offset)
            return mark->bytes;
    }
    return 0;
}

int fill_percent(const struct fill *fill, int64_t read_to_offset) {
    int64_t from = read_to_offset < 0 ? 0 : read_to_offset;
    int64_t records = fill->next_offset > from ? fill->next_offset - from : 0;
    int64_t bytes = fill->bytes - bytes_before(fill, from);
    int64_t by_bytes = bytes * 100 / FILL_LIMIT_BYTES;
    int64_t by_count = records * 100 / FILL_LIMIT_BATCHES;
    int64_t percent = by_bytes > by_count ? by_bytes : by_count;

    return percent > 999 ? 999 : (int)percent;
}

bool fill_stage_update(enum fill_stage *stage, int percent) {
    enum fill_stage now = percent >= LOSING_PERCENT   ? FILL_LOSING
                          : percent >= NEARLY_PERCENT ? FILL_NEARLY
                          : percent >= HALF_PERCENT   ? FILL_HALF
                                                      : FILL_FINE;

    if (percent < CALM_PERCENT)
        *stage = FILL_FINE;
    if (now <= *stage)
        return false;
    *stage = now;
    return true;
}
