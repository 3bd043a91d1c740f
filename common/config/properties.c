#include "common/base/memory.h"
#include "common/config/config.h"
#include "common/config/option_parts.h"
#include "common/config/secret.h"

#include <stdlib.h>
#include <string.h>

/* What Columba's promises stand on, by each name that librdkafka knows it by. */
static const struct {
    const char *name;
    const char *reason;
} controlled[] = {
    {"bootstrap.servers", "set queue.brokers"},
    {"metadata.broker.list", "set queue.brokers"},
    {"group.id", "each lane is a group of its own"},
    {"enable.auto.commit", "an offset is committed when its record has an outcome"},
    {"auto.commit.enable", "an offset is committed when its record has an outcome"},
    {"enable.auto.offset.store", "an offset is committed when its record has an outcome"},
    {"enable.idempotence", "a record that the client repeats must not become two"},
    {"acks", "a push is answered when the in-sync replicas have it"},
    {"request.required.acks", "a push is answered when the in-sync replicas have it"},
    {"partition.assignment.strategy", "the group has to speak one protocol"},
    {"partitioner", "a pushkey has the same partition in every topic of its lane"},
    {"message.timeout.ms", "set queue.ack_timeout"},
    {"delivery.timeout.ms", "set queue.ack_timeout"},
    {"allow.auto.create.topics", "topics are made with the settings they need, not by accident"},
    {"auto.offset.reset", "a group without a commit starts at the oldest record"},
};

/* The property's name, when the key says that its value is in a file. */
static bool names_file(struct slice key, struct slice *name) {
    size_t suffix = strlen(secret_suffix);

    *name = key;
    if (key.size <= suffix || strcmp(key.data + key.size - suffix, secret_suffix) != 0)
        return false;
    name->size -= suffix;
    return true;
}

/* A value is never shown: passwords are properties too. */
static bool read_value(const struct yaml_node *node, bool from_file, char **out,
                       struct error *error) {
    struct buffer secret = {0};

    if (node->kind != YAML_TEXT || yaml_is_null(node))
        return yaml_refuse(node, error, "is not a single value, expected text");
    bool done = !from_file || secret_read(node, &secret, error);
    if (done)
        *out = memory_copy_text(from_file ? buffer_text(&secret) : node->text);
    secret_free(&secret);
    return done;
}

static bool read_property(const struct yaml_node *node, struct property_list *list,
                          struct error *error) {
    struct slice name;
    bool from_file = names_file(slice_of(node->key), &name);
    char *value = NULL;

    for (size_t i = 0; i < sizeof controlled / sizeof controlled[0]; i++)
        if (slice_is(name, controlled[i].name))
            return yaml_refuse(node, error, "is not for the operator, expected nothing here: %s",
                               controlled[i].reason);
    for (size_t i = 0; i < list->count; i++)
        if (slice_is(name, list->items[i].name))
            return yaml_refuse(node, error,
                               "is there beside its other form, expected one of the two");
    if (!read_value(node, from_file, &value, error))
        return false;
    list->items[list->count++] = (struct property){.name = memory_copy_slice(name), .value = value};
    return true;
}

static bool read_properties(const struct option *option, const struct yaml_node *node, void *target,
                            struct error *error) {
    struct property_list *list = option_field(option, target);
    bool done = true;

    if (node->kind != YAML_MAP)
        return option_refuse(option, node, "is not a map", error);
    list->items = memory_new_array(node->count, sizeof *list->items);
    for (size_t i = 0; done && i < node->count; i++)
        done = read_property(&node->children[i], list, error);
    return done;
}

static void expect_properties(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "a map of names and texts");
}

static void release_properties(const struct option *option, void *target) {
    struct property_list *list = option_field(option, target);

    while (list->count > 0) {
        struct property *property = &list->items[--list->count];
        free(property->name);
        memory_free_secret(property->value);
    }
    free(list->items);
    list->items = NULL;
}

static bool is_equal(const struct option *option, const void *a, const void *b) {
    const struct property_list *list = option_content(option, a);
    const struct property_list *other = option_content(option, b);
    bool equal = list->count == other->count;

    for (size_t i = 0; equal && i < list->count; i++)
        equal = strcmp(list->items[i].name, other->items[i].name) == 0 &&
                strcmp(list->items[i].value, other->items[i].value) == 0;
    return equal;
}

const struct option_type option_properties = {read_properties, expect_properties, is_equal,
                                              release_properties};
