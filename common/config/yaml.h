/* A YAML document as a tree that knows its lines: what libyaml reads, with aliases and merge keys
 * (<<) resolved, the environment substituted, and everything refused that could only be a mistake
 * (duplicate keys, tags, keys that are not text, NUL bytes, a second document). */
#ifndef COLUMBA_CONFIG_YAML_H
#define COLUMBA_CONFIG_YAML_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/slice.h"

#include <json-c/json.h>

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct sources;
struct yaml_tree;

/* Plain data, owned by the tree. */
struct yaml_node {
    struct yaml_tree *tree;
    const struct yaml_node *parent; /* NULL for the root */
    const char *key;                /* the name in a map, else NULL */
    size_t index;                   /* the place among the parent's children */
    size_t line;                    /* from 1; of the key where there is one */
    enum yaml_kind kind;
    bool plain;           /* a text without quotes: may stand for more than a text */
    const char *text;     /* of a YAML_TEXT, after substitution, without NUL bytes inside */
    const char *variable; /* the first of the environment that was put into it; NULL when none */
    struct yaml_node *children;
    size_t count;
};

struct yaml_source {
    const char *name; /* stands for the file in errors */
    struct slice text;
    bool literal;        /* the environment is not substituted */
    const size_t *lines; /* what the lines of a text made from another are called; may be NULL */
    size_t line_count;
    struct sources *sources; /* for who reads files that the text names; may be NULL */
};

/* NULL with an error `name:line: key: sentence`. */
struct yaml_tree *yaml_tree_read(const struct yaml_source *source, struct error *error);

/* The same of a text that is its own source. */
struct yaml_tree *yaml_tree_parse(const char *name, struct slice text, struct error *error);

/* Wipes the texts: secrets may be among them. NULL is allowed. */
void yaml_tree_free(struct yaml_tree *tree);

/* An empty document has an empty root. */
const struct yaml_node *yaml_tree_root(const struct yaml_tree *tree);

/* The member of that name; NULL when absent, empty (`key:` and nothing) or when map is NULL or not
 * a map: an empty value is as good as none. */
const struct yaml_node *yaml_member(const struct yaml_node *map, const char *key);

/* What its source said; NULL where it said nothing. */
struct sources *yaml_sources(const struct yaml_node *node);

/* Whether it is YAML's null: nothing, ~ or null, without quotes. */
bool yaml_is_null(const struct yaml_node *node);

/* Appends where the node is: `apps.com.example.ios.topic`. */
void yaml_append_path(const struct yaml_node *node, struct buffer *out);

/* Fills error with `name:line: key: sentence` and returns false; line and key are the node's. */
bool yaml_refuse(const struct yaml_node *node, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a member that is missing from the map: its line is the map's. */
bool yaml_refuse_member(const struct yaml_node *map, const char *key, struct error *error,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Notes what is odd but not wrong; event and reason are static text. */
void yaml_warn(const struct yaml_node *node, const char *event, const char *reason);

/* Writes what was noted to the log, in order: for when the whole file is known to be sound. */
void yaml_tree_log_warnings(const struct yaml_tree *tree);

/* The node as JSON; scalars without quotes get their type by the YAML 1.2 core schema, numbers that
 * JSON cannot hold are refused. *out may be NULL on success: JSON's null. */
bool yaml_to_json(const struct yaml_node *node, struct json_object **out, struct error *error);

#endif
