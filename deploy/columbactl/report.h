/* How columbactl says things: JSON for scripts, times and durations for people. */
#ifndef COLUMBA_CTL_REPORT_H
#define COLUMBA_CTL_REPORT_H

#include "common/base/json.h"

enum { REPORT_TEXT_SIZE = 40 };

/* Members of a JSON object; text NULL is null. */
void report_text(struct json_object *object, const char *name, const char *text);
void report_number(struct json_object *object, const char *name, int64_t number);
void report_bool(struct json_object *object, const char *name, bool value);

/* Adds an empty list, and gives it; the object owns it. */
struct json_object *report_list(struct json_object *object, const char *name);

/* Adds an empty object to a list, and gives it; the list owns it. */
struct json_object *report_entry(struct json_object *list);

/* One line, and releases the object. */
void report_end_take(struct json_object *object, struct buffer *out);

/* Milliseconds since the epoch. */
int64_t report_now_ms(void);

/* 2026-11-25T10:09:44Z. */
void report_time(int64_t wall_ms, char out[REPORT_TEXT_SIZE]);

/* In its two largest units: "2d 3h", "45s"; below a second "0s". */
void report_duration(int64_t ms, char out[REPORT_TEXT_SIZE]);

#endif
