#include "common/config/document.h"

#include "common/base/log.h"
#include "common/config/sygnal.h"

static struct yaml_tree *read_literally(const char *name, struct slice text, struct error *error) {
    return yaml_tree_read(&(struct yaml_source){.name = name, .text = text, .literal = true},
                          error);
}

static bool translate(const char *name, struct sources *sources, struct document *out,
                      struct error *error) {
    struct yaml_writer writer = {0};

    if (sygnal_translate(yaml_tree_root(out->origin), &writer, error))
        out->tree = yaml_tree_read(&(struct yaml_source){.name = name,
                                                         .text = buffer_slice(&writer.text),
                                                         .lines = writer.lines,
                                                         .line_count = writer.line_count,
                                                         .sources = sources},
                                   error);
    yaml_writer_free(&writer);
    if (out->tree == NULL)
        document_close(out);
    return out->tree != NULL;
}

bool document_open(const char *name, struct slice text, struct sources *sources,
                   struct document *out, struct error *error) {
    *out = (struct document){.origin = read_literally(name, text, error)};
    if (out->origin == NULL)
        return false;
    if (sygnal_is(yaml_tree_root(out->origin)))
        return translate(name, sources, out, error);
    document_close(out);
    out->tree = yaml_tree_read(
        &(struct yaml_source){.name = name, .text = text, .sources = sources}, error);
    return out->tree != NULL;
}

void document_log_warnings(const struct document *document) {
    if (document->origin != NULL) {
        log_info("config_is_sygnal", log_text("reason", "columbactl config import writes it as "
                                                        "Columba's own"));
        yaml_tree_log_warnings(document->origin);
    }
    yaml_tree_log_warnings(document->tree);
}

void document_close(struct document *document) {
    yaml_tree_free(document->tree);
    yaml_tree_free(document->origin);
    *document = (struct document){0};
}

bool document_import(const char *name, struct slice text, struct yaml_writer *out,
                     struct error *error) {
    struct yaml_tree *tree = read_literally(name, text, error);
    bool done = tree != NULL;

    if (done && !sygnal_is(yaml_tree_root(tree)))
        done = error_set(error, ERROR_CONFIG,
                         "%s: is not a file of Sygnal's: use it as it is, with --config", name);
    done = done && sygnal_translate(yaml_tree_root(tree), out, error);
    yaml_tree_free(tree);
    return done;
}
