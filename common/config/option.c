#include "common/config/option.h"

#include "common/config/nearest.h"
#include "common/config/secret.h"
#include "common/push/app.h"

#include <stdio.h>
#include <string.h>

enum { KEY_SIZE = 96, SHOWN_BYTES = 60 };

const char *option_key(const struct option_scope *scope, const struct option *option) {
    size_t length = scope->section == NULL ? 0 : strlen(scope->section);

    if (length == 0)
        return option->name;
    if (strncmp(option->name, scope->section, length) != 0 || option->name[length] != '.')
        return NULL;
    return option->name + length + 1;
}

void option_append_kinds(const struct option *option, struct buffer *out) {
    size_t size_before = out->size;

    for (unsigned kind = 0; kind < PROVIDER_KIND_COUNT; kind++)
        if ((option->kinds & 1U << kind) != 0)
            buffer_append_format(out, "%s%s", out->size == size_before ? "" : ", ",
                                 provider_kind_name((enum provider_kind)kind));
}

bool option_refuse(const struct option *option, const struct yaml_node *node, const char *sentence,
                   struct error *error) {
    struct buffer text = {0};

    if (node->kind != YAML_TEXT || option->secret) {
        buffer_append_format(&text, "%s", sentence);
    } else {
        struct slice value = slice_of(node->text);
        size_t shown = slice_utf8_prefix(value, SHOWN_BYTES);
        buffer_append_byte(&text, '"');
        buffer_append_json_escaped(&text, (struct slice){.data = value.data, .size = shown});
        buffer_append_format(&text, "%s\" %s", shown < value.size ? "…" : "", sentence);
    }
    buffer_append_text(&text, ", expected ");
    option->type->expect(option, &text);
    yaml_refuse(node, error, "%s", buffer_text(&text));
    buffer_free(&text);
    return false;
}

/* ---- Names ---- */

const struct option *option_find(const struct option_scope *scope, const char *key) {
    char file_key[KEY_SIZE];

    for (size_t i = 0; i < scope->count; i++) {
        const char *known = option_key(scope, &scope->rows[i]);
        if (known == NULL)
            continue;
        snprintf(file_key, sizeof file_key, "%s%s", known, secret_suffix);
        if (strcmp(known, key) == 0 || (scope->rows[i].secret && strcmp(file_key, key) == 0))
            return &scope->rows[i];
    }
    return NULL;
}

static bool refuse_unknown(const struct option_scope *scope, const struct yaml_node *node,
                           struct error *error) {
    struct buffer all = {0};
    const char *nearest = NULL;
    size_t shortest = SIZE_MAX;

    for (size_t i = 0; i < scope->count; i++) {
        const char *known = option_key(scope, &scope->rows[i]);
        if (known == NULL)
            continue;
        size_t distance = nearest_distance(node->key, known);
        if (distance < shortest) {
            shortest = distance;
            nearest = known;
        }
        buffer_append_format(&all, "%s%s", all.size == 0 ? "" : ", ", known);
    }
    if (nearest != NULL && nearest_is_slip(node->key, nearest))
        yaml_refuse(node, error, "is not a key, did you mean %s?", nearest);
    else
        yaml_refuse(node, error, "is not a key, expected one of %s", buffer_text(&all));
    buffer_free(&all);
    return false;
}

bool option_check_names(const struct option_scope *scope, const struct yaml_node *map,
                        struct error *error) {
    if (map->kind != YAML_MAP)
        return yaml_refuse(map, error, "is not a map, expected keys and their values");
    for (size_t i = 0; i < map->count; i++)
        if (option_find(scope, map->children[i].key) == NULL)
            return refuse_unknown(scope, &map->children[i], error);
    return true;
}

/* ---- Values ---- */

static bool read_fallback(const struct option *option, void *target, struct error *error) {
    struct yaml_tree *tree = yaml_tree_parse(option->name, slice_of(option->fallback), error);
    bool done = tree != NULL && option->type->read(option, yaml_tree_root(tree), target, error);

    yaml_tree_free(tree);
    return done;
}

/* The file's content stands in the place of the value, as if it were written there in quotes. */
static bool read_secret(const struct option *option, const struct yaml_node *node, void *target,
                        struct error *error) {
    struct buffer secret = {0};
    bool done = secret_read(node, &secret, error);

    if (done) {
        struct yaml_node value = *node;
        value.plain = false;
        value.text = buffer_text(&secret);
        done = option->type->read(option, &value, target, error);
    }
    secret_free(&secret);
    return done;
}

static bool refuse_missing(const struct option *option, const char *key,
                           const struct yaml_node *map, const struct yaml_node *root,
                           struct error *error) {
    struct buffer expected = {0};

    option->type->expect(option, &expected);
    yaml_refuse_member(map == NULL ? root : map, map == NULL ? option->name : key, error,
                       "is missing, expected %s", buffer_text(&expected));
    buffer_free(&expected);
    return false;
}

bool option_read_row(const struct option_scope *scope, const struct option *option,
                     const struct yaml_node *map, const struct yaml_node *root, void *target,
                     struct error *error) {
    const char *key = option_key(scope, option);
    const struct yaml_node *node = yaml_member(map, key);
    const struct yaml_node *file = NULL;
    char file_key[KEY_SIZE];

    if (option->secret) {
        snprintf(file_key, sizeof file_key, "%s%s", key, secret_suffix);
        file = yaml_member(map, file_key);
    }
    if (file != NULL && node != NULL)
        return yaml_refuse(file, error, "is there beside %s, expected one of the two", key);
    if (file != NULL && option->is_key && scope->without_keys)
        return true;
    if (file != NULL)
        return read_secret(option, file, target, error);
    if (node != NULL)
        return option->type->read(option, node, target, error);
    if (option->required)
        return refuse_missing(option, key, map, root, error);
    return option->fallback == NULL || read_fallback(option, target, error);
}

static bool refuse_kind(const struct option *option, const struct yaml_node *node,
                        struct error *error) {
    struct buffer kinds = {0};

    option_append_kinds(option, &kinds);
    yaml_refuse(node, error, "is not for an app of this type, expected it only for %s",
                buffer_text(&kinds));
    buffer_free(&kinds);
    return false;
}

bool option_read(const struct option_scope *scope, const struct yaml_node *map,
                 const struct yaml_node *root, unsigned kind_bit, void *target,
                 struct error *error) {
    if (map != NULL && !option_check_names(scope, map, error))
        return false;
    for (size_t i = 0; i < scope->count; i++) {
        const struct option *option = &scope->rows[i];
        const char *key = option_key(scope, option);
        if (key == NULL)
            continue;
        bool applies = (option->kinds & kind_bit) == kind_bit;
        const struct yaml_node *node = yaml_member(map, key);
        if (!applies && node != NULL)
            return refuse_kind(option, node, error);
        if (applies && !option_read_row(scope, option, map, root, target, error))
            return false;
    }
    return true;
}

void option_release(const struct option *rows, size_t count, void *target) {
    for (size_t i = 0; i < count; i++)
        if (rows[i].type->release != NULL)
            rows[i].type->release(&rows[i], target);
}
