/* What the parts of the translation share. For sygnal*.c alone. */
#ifndef COLUMBA_CONFIG_SYGNAL_PARTS_H
#define COLUMBA_CONFIG_SYGNAL_PARTS_H

#include "common/config/yaml_writer.h"

/* Says, in the text and among the warnings of the tree, what becomes of the node. The note is
 * static: a sentence that goes on after the node's name. */
void sygnal_note(struct yaml_writer *out, const struct yaml_node *node, const char *note);

extern const char sygnal_unknown_key[];

/* As YAML 1.1 has it. */
bool sygnal_is_true(const struct yaml_node *node);
bool sygnal_is_there(const struct yaml_node *node);

/* An option of Columba's that Sygnal's file decides, wherever it says it, or leaves to Sygnal's
 * default. key is the option's name inside its section. */
struct sygnal_option {
    const char *section;
    const char *key;
    bool (*write)(const struct sygnal_option *option, const struct yaml_node *root,
                  struct yaml_writer *out, struct error *error);
    const char *value; /* what is written where there is no more to it */
};

extern const struct sygnal_option sygnal_options[];
extern const size_t sygnal_option_count;

/* The section of the apps. */
bool sygnal_apps_write(const struct yaml_node *apps, struct yaml_writer *out, struct error *error);

#endif
