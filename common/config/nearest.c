#include "common/config/nearest.h"

#include <stdint.h>
#include <string.h>

enum { LETTERS_MAX = 64 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Optimal string alignment, row by row. */
size_t nearest_distance(const char *a, const char *b) {
    size_t rows[3][LETTERS_MAX + 1];
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];
    size_t length_a = strlen(a);
    size_t length_b = strlen(b);

    if (length_a > LETTERS_MAX || length_b > LETTERS_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= length_b; j++)
        above[j] = j;
    for (size_t i = 1; i <= length_a; i++) {
        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            size_t replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[length_b];
}

bool nearest_is_slip(const char *a, const char *b) {
    size_t length_a = strlen(a);
    size_t length_b = strlen(b);
    size_t longer = length_a > length_b ? length_a : length_b;

    return nearest_distance(a, b) <= least(1 + longer / 4, 3);
}
