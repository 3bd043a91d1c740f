#include "common/config/secret.h"

#include "common/base/memory.h"
#include "common/config/sources.h"

#include <string.h>

enum { SECRET_BYTES_MAX = 64 * 1024 };

const char secret_suffix[] = "_file";

bool secret_read(const struct yaml_node *node, struct buffer *out, struct error *error) {
    struct error why;

    if (node->kind != YAML_TEXT || node->text[0] == '\0')
        return yaml_refuse(node, error, "is not a path, expected that of a file");
    if (!sources_read(yaml_sources(node), node->text, SECRET_BYTES_MAX, out, &why))
        return yaml_refuse(node, error, "%s: %s, expected a file that can be read", node->text,
                           why.text);
    if (out->size > 0 && out->data[out->size - 1] == '\n')
        out->size--;
    if (out->size == 0)
        return yaml_refuse(node, error, "%s: is empty, expected a secret", node->text);
    if (memchr(out->data, '\0', out->size) != NULL)
        return yaml_refuse(node, error, "%s: holds a NUL byte, expected text", node->text);
    return true;
}

void secret_free(struct buffer *secret) {
    if (secret->data != NULL)
        memory_wipe(secret->data, secret->capacity);
    buffer_free(secret);
}
