/* The tables that say what can be configured. To add an option: a field in config.h or in
 * common/push/app.h, and a row here. */
#ifndef COLUMBA_CONFIG_OPTIONS_H
#define COLUMBA_CONFIG_OPTIONS_H

#include "common/config/option.h"

/* The maps that the file is made of, by name and help alone. */
extern const struct option options_sections[];
extern const size_t options_section_count;

/* Offsets count from struct config. */
extern const struct option options_global[];
extern const size_t options_global_count;

/* Offsets count from struct app; the first row is the type. */
extern const struct option options_app[];
extern const size_t options_app_count;

#endif
