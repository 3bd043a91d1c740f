#include "common/config/sygnal_parts.h"

#include <string.h>

const char sygnal_unknown_key[] = "is neither Sygnal's nor Columba's: remove it";

bool sygnal_is_there(const struct yaml_node *node) {
    return !yaml_is_null(node) && (node->kind == YAML_TEXT || node->count > 0);
}

bool sygnal_is_true(const struct yaml_node *node) {
    static const char *const truths[] = {"true", "True", "TRUE", "yes", "Yes",
                                         "YES",  "on",   "On",   "ON"};

    if (node == NULL || node->kind != YAML_TEXT || !node->plain)
        return false;
    for (size_t i = 0; i < sizeof truths / sizeof truths[0]; i++)
        if (strcmp(node->text, truths[i]) == 0)
            return true;
    return false;
}

void sygnal_note(struct yaml_writer *out, const struct yaml_node *node, const char *note) {
    struct buffer path = {0};

    yaml_append_path(node, &path);
    yaml_writer_comment(out, "line %zu: %s %s", node->line, buffer_text(&path), note);
    yaml_warn(node, "config_sygnal_note", note);
    buffer_free(&path);
}
