#include "common/config/yaml.h"

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/config/substitute.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Aliases can make a small file large, or endless. */
enum { DEPTH_LIMIT = 32, NODE_LIMIT = 50000 };

struct warning {
    struct warning *next;
    size_t line;
    const char *key;
    const char *event;
    const char *reason;
};

struct yaml_tree {
    struct arena *arena;
    const char *name;
    struct yaml_source source;
    struct yaml_node *root;
    size_t node_count;
    struct warning *warnings;
    struct warning **last_warning;
};

/* ---- Errors ---- */

void yaml_append_path(const struct yaml_node *node, struct buffer *out) {
    if (node->parent == NULL)
        return;
    yaml_append_path(node->parent, out);
    if (node->key == NULL)
        buffer_append_format(out, "[%zu]", node->index);
    else {
        buffer_append_text(out, out->size == 0 ? "" : ".");
        buffer_append_json_escaped(out, slice_of(node->key));
    }
}

static const char *or_nothing(const char *text) {
    return text == NULL ? "" : text;
}

static bool refuse(const struct yaml_node *node, const char *member, struct error *error,
                   const char *sentence) {
    struct buffer path = {0};

    yaml_append_path(node, &path);
    if (member != NULL)
        buffer_append_format(&path, "%s%s", path.size == 0 ? "" : ".", member);
    error_set(error, ERROR_CONFIG, "%s:%zu: %s%s%s%s%s%s", node->tree->name, node->line,
              buffer_text(&path), path.size == 0 ? "" : ": ", sentence,
              node->variable == NULL ? "" : " (look at ", or_nothing(node->variable),
              node->variable == NULL ? "" : " in the environment)");
    buffer_free(&path);
    return false;
}

bool yaml_refuse(const struct yaml_node *node, struct error *error, const char *format, ...) {
    char sentence[sizeof error->text];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return refuse(node, NULL, error, sentence);
}

bool yaml_refuse_member(const struct yaml_node *map, const char *key, struct error *error,
                        const char *format, ...) {
    char sentence[sizeof error->text];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return refuse(map, key, error, sentence);
}

/* ---- Warnings ---- */

void yaml_warn(const struct yaml_node *node, const char *event, const char *reason) {
    struct yaml_tree *tree = node->tree;
    struct warning *warning = arena_allocate(tree->arena, sizeof *warning);
    struct buffer path = {0};

    yaml_append_path(node, &path);
    *warning = (struct warning){.line = node->line, .event = event, .reason = reason};
    warning->key = arena_copy(tree->arena, buffer_slice(&path)).data;
    *tree->last_warning = warning;
    tree->last_warning = &warning->next;
    buffer_free(&path);
}

void yaml_tree_log_warnings(const struct yaml_tree *tree) {
    for (const struct warning *at = tree->warnings; at != NULL; at = at->next)
        log_warning(at->event, log_text("file", tree->name), log_number("line", (int64_t)at->line),
                    log_text("key", at->key), log_text("reason", at->reason));
}

/* ---- From libyaml's document to our tree ---- */

static size_t line_of(const struct yaml_tree *tree, yaml_mark_t mark) {
    return mark.line < tree->source.line_count ? tree->source.lines[mark.line] : mark.line + 1;
}

static bool convert(struct yaml_tree *tree, yaml_document_t *document, int index, size_t depth,
                    struct yaml_node *node, struct error *error);

/* Whoever looks for a mistake has to know that it may not be in the file. */
static const char *variable_of(struct yaml_tree *tree, struct slice raw) {
    for (size_t i = 0; i + 2 < raw.size; i++)
        if (raw.data[i] == '$' && raw.data[i + 1] == '{' && (i == 0 || raw.data[i - 1] != '$')) {
            struct slice name = {.data = raw.data + i + 2, .size = 0};
            while (i + 2 + name.size < raw.size && strchr(":}", name.data[name.size]) == NULL)
                name.size++;
            return arena_copy(tree->arena, name).data;
        }
    return NULL;
}

static bool convert_text(struct yaml_tree *tree, const yaml_node_t *from, struct yaml_node *node,
                         struct error *error) {
    struct slice raw = {.data = (const char *)from->data.scalar.value,
                        .size = from->data.scalar.length};
    struct buffer text = {0};
    struct error why;

    node->kind = YAML_TEXT;
    node->plain = from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool done = tree->source.literal || substitute_environment(raw, &text, &why);
    if (tree->source.literal)
        buffer_append(&text, raw);
    if (!done)
        yaml_refuse(node, error, "%s", why.text);
    else if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL)
        done = yaml_refuse(node, error, "holds a NUL byte, expected text");
    else
        node->text = arena_copy(tree->arena, buffer_slice(&text)).data;
    if (done && !tree->source.literal)
        node->variable = variable_of(tree, raw);
    if (text.data != NULL)
        memory_wipe(text.data, text.size);
    buffer_free(&text);
    return done;
}

static bool convert_list(struct yaml_tree *tree, yaml_document_t *document, const yaml_node_t *from,
                         size_t depth, struct yaml_node *node, struct error *error) {
    const yaml_node_item_t *items = from->data.sequence.items.start;

    node->kind = YAML_LIST;
    node->count = (size_t)(from->data.sequence.items.top - items);
    node->children = arena_allocate(tree->arena, node->count * sizeof *node->children);
    for (size_t i = 0; i < node->count; i++) {
        struct yaml_node *child = &node->children[i];
        child->line = line_of(tree, yaml_document_get_node(document, items[i])->start_mark);
        child->parent = node;
        child->index = i;
        if (!convert(tree, document, items[i], depth, child, error))
            return false;
    }
    return true;
}

static bool convert_key(struct yaml_tree *tree, const yaml_node_t *key, struct yaml_node *child,
                        struct error *error) {
    const struct yaml_node *map = child->parent;

    child->tree = tree;
    child->line = line_of(child->parent->tree, key->start_mark);
    if (key->type != YAML_SCALAR_NODE ||
        memchr(key->data.scalar.value, '\0', key->data.scalar.length) != NULL) {
        child->key = "?";
        return yaml_refuse(child, error, "is not a key, expected text");
    }
    struct slice name = {.data = (const char *)key->data.scalar.value,
                         .size = key->data.scalar.length};
    child->key = arena_copy(tree->arena, name).data;
    for (size_t i = 0; i < child->index; i++)
        if (strcmp(map->children[i].key, child->key) == 0)
            return yaml_refuse(child, error, "is there twice (first in line %zu), expected it once",
                               map->children[i].line);
    return true;
}

static const struct yaml_node *find(const struct yaml_node *map, const char *key) {
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->children[i].key, key) == 0)
            return &map->children[i];
    return NULL;
}

/* Appends the members that the map does not have; it has room for them. */
static void merge_from(const struct yaml_node *source, struct yaml_node *map) {
    for (size_t i = 0; i < source->count; i++)
        if (find(map, source->children[i].key) == NULL)
            map->children[map->count++] = source->children[i];
}

/* `<<: *other`, or a list of such: what is written in the map itself counts more, then what is
 * merged first. The members that are merged keep the place where they are written. */
static bool merge(struct yaml_node *map, const struct yaml_node *merged, struct error *error) {
    struct yaml_node all = *map;

    const struct yaml_node *sources = merged->kind == YAML_LIST ? merged->children : merged;
    size_t source_count = merged->kind == YAML_LIST ? merged->count : 1;
    size_t room = map->count;
    for (size_t i = 0; i < source_count; i++) {
        if (sources[i].kind != YAML_MAP)
            return yaml_refuse(merged, error, "is not a map, expected an alias of one to merge");
        room += sources[i].count;
    }
    all.children = arena_allocate(map->tree->arena, room * sizeof *all.children);
    all.count = 0;
    for (size_t i = 0; i < map->count; i++)
        if (&map->children[i] != merged)
            all.children[all.count++] = map->children[i];
    for (size_t i = 0; i < source_count; i++)
        merge_from(&sources[i], &all);
    *map = all;
    return true;
}

static bool convert_map(struct yaml_tree *tree, yaml_document_t *document, const yaml_node_t *from,
                        size_t depth, struct yaml_node *node, struct error *error) {
    const yaml_node_pair_t *pairs = from->data.mapping.pairs.start;
    const struct yaml_node *merged = NULL;

    node->kind = YAML_MAP;
    node->count = (size_t)(from->data.mapping.pairs.top - pairs);
    node->children = arena_allocate(tree->arena, node->count * sizeof *node->children);
    for (size_t i = 0; i < node->count; i++) {
        struct yaml_node *child = &node->children[i];
        const yaml_node_t *key = yaml_document_get_node(document, pairs[i].key);
        child->parent = node;
        child->index = i;
        if (!convert_key(tree, key, child, error) ||
            !convert(tree, document, pairs[i].value, depth, child, error))
            return false;
        if (key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strcmp(child->key, "<<") == 0)
            merged = child;
    }
    return merged == NULL || merge(node, merged, error);
}

static bool convert(struct yaml_tree *tree, yaml_document_t *document, int index, size_t depth,
                    struct yaml_node *node, struct error *error) {
    static const struct {
        const char *tag;
        yaml_node_type_t type;
    } known[] = {{YAML_STR_TAG, YAML_SCALAR_NODE},
                 {YAML_SEQ_TAG, YAML_SEQUENCE_NODE},
                 {YAML_MAP_TAG, YAML_MAPPING_NODE}};
    const yaml_node_t *from = yaml_document_get_node(document, index);
    bool known_tag = false;

    node->tree = tree;
    if (depth > DEPTH_LIMIT)
        return yaml_refuse(node, error, "is nested too deep, expected at most %d levels",
                           DEPTH_LIMIT);
    if (++tree->node_count > NODE_LIMIT)
        return yaml_refuse(node, error, "makes the file too large, expected at most %d values",
                           NODE_LIMIT);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        known_tag |= from->type == known[i].type && strcmp((char *)from->tag, known[i].tag) == 0;
    if (!known_tag)
        return yaml_refuse(node, error, "has a YAML tag, expected none");
    switch (from->type) {
    case YAML_SCALAR_NODE:
        return convert_text(tree, from, node, error);
    case YAML_SEQUENCE_NODE:
        return convert_list(tree, document, from, depth + 1, node, error);
    default:
        return convert_map(tree, document, from, depth + 1, node, error);
    }
}

/* ---- The document ---- */

static bool refuse_syntax(const struct yaml_tree *tree, const yaml_parser_t *parser,
                          struct error *error) {
    const char *problem = parser->problem == NULL ? "it cannot be read" : parser->problem;

    if (parser->error == YAML_READER_ERROR)
        return error_set(error, ERROR_CONFIG, "%s: byte %zu: not YAML: %s, expected UTF-8",
                         tree->name, parser->problem_offset, problem);
    return error_set(error, ERROR_CONFIG, "%s:%zu: not YAML: %s", tree->name,
                     parser->problem_mark.line + 1, problem);
}

static bool expect_end(struct yaml_tree *tree, yaml_parser_t *parser, struct error *error) {
    yaml_document_t document;

    if (!yaml_parser_load(parser, &document))
        return refuse_syntax(tree, parser, error);
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    size_t line = root == NULL ? 0 : root->start_mark.line + 1;
    yaml_document_delete(&document);
    if (line > 0)
        return error_set(error, ERROR_CONFIG, "%s:%zu: a second document, expected one", tree->name,
                         line);
    return true;
}

static bool load(struct yaml_tree *tree, yaml_parser_t *parser, struct error *error) {
    yaml_document_t document;

    if (!yaml_parser_load(parser, &document))
        return refuse_syntax(tree, parser, error);
    bool has_root = yaml_document_get_root_node(&document) != NULL;
    bool done = !has_root || convert(tree, &document, 1, 0, tree->root, error);
    yaml_document_delete(&document);
    return done && (!has_root || expect_end(tree, parser, error));
}

struct yaml_tree *yaml_tree_parse(const char *name, struct slice text, struct error *error) {
    return yaml_tree_read(&(struct yaml_source){.name = name, .text = text}, error);
}

struct yaml_tree *yaml_tree_read(const struct yaml_source *source, struct error *error) {
    struct slice text = source->text;
    struct arena *arena = arena_new(16384);
    struct yaml_tree *tree = arena_allocate(arena, sizeof *tree);
    yaml_parser_t parser;

    tree->arena = arena;
    tree->name = arena_copy(arena, slice_of(source->name)).data;
    tree->source = *source;
    tree->last_warning = &tree->warnings;
    tree->root = arena_allocate(arena, sizeof *tree->root);
    *tree->root = (struct yaml_node){.tree = tree, .line = 1, .kind = YAML_MAP};
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.size == 0 ? "" : text.data),
                                 text.size);
    bool done = load(tree, &parser, error);
    yaml_parser_delete(&parser);
    if (!done) {
        yaml_tree_free(tree);
        tree = NULL;
    }
    return tree;
}

static void wipe(struct yaml_node *node) {
    if (node->text != NULL)
        memory_wipe((char *)node->text, strlen(node->text));
    for (size_t i = 0; i < node->count; i++)
        wipe(&node->children[i]);
}

void yaml_tree_free(struct yaml_tree *tree) {
    if (tree == NULL)
        return;
    wipe(tree->root);
    arena_free(tree->arena);
}

const struct yaml_node *yaml_tree_root(const struct yaml_tree *tree) {
    return tree->root;
}

struct sources *yaml_sources(const struct yaml_node *node) {
    return node->tree->source.sources;
}

bool yaml_is_null(const struct yaml_node *node) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

    if (node->kind != YAML_TEXT || !node->plain)
        return false;
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++)
        if (strcmp(node->text, nulls[i]) == 0)
            return true;
    return false;
}

const struct yaml_node *yaml_member(const struct yaml_node *map, const char *key) {
    if (map == NULL || map->kind != YAML_MAP)
        return NULL;
    const struct yaml_node *member = find(map, key);
    return member == NULL || yaml_is_null(member) ? NULL : member;
}
