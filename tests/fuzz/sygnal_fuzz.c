/* Whatever a file of Sygnal's holds: what is written of it is YAML, with the same settings. */
#include "tests/fuzz/fuzz.h"

#include "common/config/sygnal.h"

#include <string.h>

static struct yaml_tree *read_tree(struct slice text, bool literal, struct error *error) {
    return yaml_tree_read(&(struct yaml_source){.name = "fuzz", .text = text, .literal = literal},
                          error);
}

/* Of a text in quotes: one without could be a word of YAML 1.1. */
static void require_same_text(const struct yaml_node *before, const struct yaml_node *after) {
    if (before == NULL || before->kind != YAML_TEXT || before->plain || after == NULL)
        return;
    fuzz_require(after->kind == YAML_TEXT && strcmp(before->text, after->text) == 0);
}

static void require_same_apps(const struct yaml_node *before, const struct yaml_node *after) {
    static const char *const settings[] = {"type", "topic", "key_id", "project_id", "certfile"};

    for (size_t i = 0; after != NULL && after->kind == YAML_MAP && i < after->count; i++) {
        const struct yaml_node *app = yaml_member(before, after->children[i].key);
        fuzz_require(app != NULL || yaml_is_null(&after->children[i]));
        for (size_t j = 0; j < sizeof settings / sizeof settings[0]; j++)
            require_same_text(yaml_member(app, settings[j]),
                              yaml_member(&after->children[i], settings[j]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error error = {0};
    struct yaml_writer writer = {0};
    struct yaml_tree *before = read_tree(fuzz_input(data, size), true, &error);

    if (before == NULL)
        return 0;
    const struct yaml_node *root = yaml_tree_root(before);
    if (sygnal_is(root) && sygnal_translate(root, &writer, &error)) {
        struct slice text = buffer_slice(&writer.text);
        struct yaml_tree *after = read_tree(text, true, &error);
        fuzz_require(after != NULL || strstr(error.text, "not YAML") == NULL);
        yaml_tree_free(after);
        after = read_tree(text, false, &error);
        if (after != NULL)
            require_same_apps(yaml_member(root, "apps"),
                              yaml_member(yaml_tree_root(after), "apps"));
        yaml_tree_free(after);
    }
    yaml_writer_free(&writer);
    yaml_tree_free(before);
    return 0;
}
