/* The apps section: a map from an app_id, or a glob of them, to its settings, as Sygnal reads it.
 */
#ifndef COLUMBA_CONFIG_APPS_H
#define COLUMBA_CONFIG_APPS_H

#include "common/config/yaml.h"
#include "common/push/app.h"

/* Fills apps, which is empty; what was read before a failure is in it, for apps_free. root is the
 * whole file. without_keys: files of what only sending takes stay closed (option_scope). */
bool apps_read(const struct yaml_node *root, bool without_keys, struct apps *apps,
               struct error *error);

#endif
