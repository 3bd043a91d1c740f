#include "deploy/columbactl/table.h"

#include "common/base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct table {
    const char *headings[TABLE_COLUMN_LIMIT];
    bool right[TABLE_COLUMN_LIMIT];
    size_t width[TABLE_COLUMN_LIMIT];
    size_t columns;
    char **cells; /* row by row */
    size_t count;
    size_t capacity;
};

struct table *table_new(const char *const headings[]) {
    struct table *table = memory_new(sizeof *table);

    for (; headings[table->columns] != NULL; table->columns++) {
        const char *heading = headings[table->columns];
        table->right[table->columns] = *heading == '>';
        table->headings[table->columns] = *heading == '>' ? heading + 1 : heading;
        table->width[table->columns] = strlen(table->headings[table->columns]);
    }
    return table;
}

void table_free(struct table *table) {
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}

void table_text(struct table *table, const char *text) {
    size_t column = table->count % table->columns;

    if (table->count == table->capacity) {
        table->capacity = table->capacity * 2 + table->columns;
        table->cells = memory_resize(table->cells, table->capacity * sizeof *table->cells);
    }
    table->cells[table->count++] = memory_copy_text(text);
    if (strlen(text) > table->width[column])
        table->width[column] = strlen(text);
}

void table_number(struct table *table, int64_t number) {
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, number);
    table_text(table, text);
}

static void write_row(const struct table *table, const char *const *cells, struct buffer *out) {
    for (size_t i = 0; i < table->columns; i++) {
        int width = (int)table->width[i];
        const char *gap = i == 0 ? "" : "  ";

        if (table->right[i])
            buffer_append_format(out, "%s%*s", gap, width, cells[i]);
        else
            buffer_append_format(out, "%s%-*s", gap, i + 1 == table->columns ? 0 : width, cells[i]);
    }
    buffer_append_text(out, "\n");
}

void table_write(const struct table *table, struct buffer *out) {
    write_row(table, table->headings, out);
    for (size_t i = 0; i + table->columns <= table->count; i += table->columns)
        write_row(table, (const char *const *)&table->cells[i], out);
}
