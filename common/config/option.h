/* One row of the configuration: what a key is called, what it may hold, where it goes. Reading,
 * checking, defaults, help and reference are made from rows like these and from nothing else. */
#ifndef COLUMBA_CONFIG_OPTION_H
#define COLUMBA_CONFIG_OPTION_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/config/yaml.h"

#include <stdint.h>

struct option;

/* What a value can be. target is the struct that the row's offset counts from. */
struct option_type {
    bool (*read)(const struct option *option, const struct yaml_node *node, void *target,
                 struct error *error);
    /* Appends what is expected: "a number from 1 to 64". */
    void (*expect)(const struct option *option, struct buffer *out);
    /* Whether two targets have the same value; NULL for what is of an app alone. */
    bool (*is_equal)(const struct option *option, const void *a, const void *b);
    /* Frees what read made; NULL when there is nothing to free. Not for an app: apps_free does. */
    void (*release)(const struct option *option, void *target);
};

extern const struct option_type option_text;          /* char *; bounds are of its length */
extern const struct option_type option_name;          /* char *, of value_is_name */
extern const struct option_type option_address;       /* char *, host:port */
extern const struct option_type option_address_list;  /* struct text_list, or one alone */
extern const struct option_type option_endpoint;      /* char * host, and int64_t port */
extern const struct option_type option_base_url;      /* char *, without a slash at its end */
extern const struct option_type option_proxy;         /* char *; "" for none */
extern const struct option_type option_network_list;  /* char ** of CIDR, ends with NULL */
extern const struct option_type option_host_list;     /* char ** of globs, ends with NULL */
extern const struct option_type option_integer;       /* int64_t */
extern const struct option_type option_duration;      /* int64_t, milliseconds */
extern const struct option_type option_size;          /* int64_t, bytes */
extern const struct option_type option_boolean;       /* bool */
extern const struct option_type option_choice;        /* an enum whose values are the indices */
extern const struct option_type option_name_list;     /* struct text_list */
extern const struct option_type option_duration_list; /* struct duration_list, ascending */
extern const struct option_type option_properties;    /* struct property_list */
extern const struct option_type option_json;          /* struct json_object *, of a map */
extern const struct option_type option_ttl;           /* int64_t, milliseconds; bare seconds */
extern const struct option_type option_contact;       /* char *, a mailto: or https: URI */
extern const struct option_type option_kind;          /* enum provider_kind */
extern const struct option_type option_api_version;   /* checked, kept nowhere */
extern const struct option_type option_endpoint_url;  /* char *, as it was written */
extern const struct option_type option_header_value;  /* char *, printable ASCII */
extern const struct option_type option_ratio;         /* double, 0 to 1 */
extern const struct option_type option_obsolete;      /* warned about, kept nowhere */

/* What becomes of another value in the file of a program that runs. */
enum option_reload {
    RELOAD_RESTART, /* warned about: it is looked at once, at the start */
    RELOAD_TAKEN,
    RELOAD_REFUSED, /* with the whole file: what runs could not go on with it */
};

struct option {
    const char *name; /* as in the file: section.key, or the key of an app */
    const struct option_type *type;
    size_t offset;
    size_t port_offset;         /* option_endpoint only */
    const char *fallback;       /* the default, as one would write it in the file */
    const char *absent;         /* without a default: what its absence means */
    const char *example;        /* of a text that needs one */
    int64_t minimum;            /* of a value, or of each in a list */
    int64_t maximum;            /* 0: no bounds */
    const char *zero_word;      /* an integer's word for 0 */
    const char *const *choices; /* ends with NULL */
    bool required;
    bool secret; /* never shown; name_file names a file that holds it */
    bool is_key; /* a secret of sending: only who sends opens its file */
    enum option_reload reload;
    unsigned kinds; /* of an app: the kinds it is for, as bits */
    const char *help;
};

/* The rows that may stand in one map of the file. */
struct option_scope {
    const struct option *rows;
    size_t count;
    const char *section; /* the rows of this section alone; NULL: all, of the one map of an app */
    bool without_keys;   /* files of rows that are keys stay closed, and the rows unset */
};

/* The row's name inside its scope; NULL when it is not of this scope. */
const char *option_key(const struct option_scope *scope, const struct option *option);

/* The row that the key is of, by its name or that of its file; NULL when there is none. */
const struct option *option_find(const struct option_scope *scope, const char *key);

/* Refuses a key that no row of the scope has, and names the nearest one. */
bool option_check_names(const struct option_scope *scope, const struct yaml_node *map,
                        struct error *error);

/* Reads the rows of a scope from the map (NULL: it is not there; root is the whole file) into
 * target: refuses unknown keys, takes defaults, reads secrets from their files. Rows whose kinds
 * lack kind_bit are refused where they are written and left alone where they are not. */
bool option_read(const struct option_scope *scope, const struct yaml_node *map,
                 const struct yaml_node *root, unsigned kind_bit, void *target,
                 struct error *error);

/* Reads one of the rows, without a look at the other keys of the map. */
bool option_read_row(const struct option_scope *scope, const struct option *option,
                     const struct yaml_node *map, const struct yaml_node *root, void *target,
                     struct error *error);

/* Frees what the rows have put into target. */
void option_release(const struct option *rows, size_t count, void *target);

/* Appends the names of the kinds that the row is for. */
void option_append_kinds(const struct option *option, struct buffer *out);

/* Says `"value" sentence, expected …`; without the value where the row is secret. */
bool option_refuse(const struct option *option, const struct yaml_node *node, const char *sentence,
                   struct error *error);

#endif
