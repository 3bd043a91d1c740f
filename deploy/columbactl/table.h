/* Text in columns, each as wide as its longest cell. */
#ifndef COLUMBA_CTL_TABLE_H
#define COLUMBA_CTL_TABLE_H

#include "common/base/buffer.h"

#include <stdint.h>

enum { TABLE_COLUMN_LIMIT = 8 };

struct table;

/* The headings end with NULL; one that begins with '>' aligns its column to the right. They
 * outlive the table. */
struct table *table_new(const char *const headings[]);
void table_free(struct table *table);

/* Cells are filled from left to right, row by row; every row whole. */
void table_text(struct table *table, const char *text);
void table_number(struct table *table, int64_t number);

void table_write(const struct table *table, struct buffer *out);

#endif
