/* A sygnal.yaml as a configuration of Columba: every option that Sygnal 0.17 documents is taken
 * over, or noted with what to do instead. It becomes a text in Columba's words, read by the same
 * tables as any other: nothing here knows what an option may hold. Pure. */
#ifndef COLUMBA_CONFIG_SYGNAL_H
#define COLUMBA_CONFIG_SYGNAL_H

#include "common/config/yaml_writer.h"

/* Whether the file is one of Sygnal's: it names something that only Sygnal has (http, metrics,
 * proxy, db, database, log.setup, log.access), or apps and no section of Columba's. */
bool sygnal_is(const struct yaml_node *root);

/* Writes what a literal tree of such a file means. Sections of Columba's in it (queue, redis, ...),
 * which Sygnal does not heed, are copied, with their variables, and count more than what is made
 * of Sygnal's. What cannot be taken over is a comment, and a warning of the tree. */
bool sygnal_translate(const struct yaml_node *root, struct yaml_writer *out, struct error *error);

#endif
