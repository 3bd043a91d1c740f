#include "common/config/config.h"
#include "common/config/options.h"
#include "common/config/secret.h"

#include <string.h>

/* Both texts are made of the same parts: a section, and its rows. */
struct form {
    void (*section)(const struct option *section, bool is_app, struct buffer *out);
    void (*row)(const struct option *option, bool is_app, struct buffer *out);
};

static void write_rows(const struct form *form, const struct option *rows, size_t count,
                       const char *section, bool is_app, struct buffer *out) {
    const struct option_scope scope = {.rows = rows, .count = count, .section = section};

    for (size_t i = 0; i < count; i++)
        if (option_key(&scope, &rows[i]) != NULL)
            form->row(&rows[i], is_app, out);
}

static void write_form(const struct form *form, struct buffer *out) {
    for (size_t i = 0; i < options_section_count; i++) {
        const struct option *section = &options_sections[i];
        bool is_app = strcmp(section->name, "apps") == 0;
        form->section(section, is_app, out);
        if (is_app)
            write_rows(form, options_app, options_app_count, NULL, is_app, out);
        else
            write_rows(form, options_global, options_global_count, section->name, is_app, out);
    }
}

static void append_default(const struct option *option, const char *quote, struct buffer *out) {
    if (option->required)
        buffer_append_text(out, "none, required");
    else if (option->fallback != NULL)
        buffer_append_format(out, "%s%s%s", quote, option->fallback, quote);
    else
        buffer_append_text(out, option->absent);
}

/* ---- For a terminal ---- */

/* Breaks the text between words, every line behind the same indent. */
static void append_wrapped(const char *text, struct buffer *out) {
    enum { INDENT = 6, WIDTH = 78 };
    size_t column = 0;

    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column == 0 || column + 1 + word > WIDTH) {
            buffer_append_format(out, "%s%*s", column == 0 ? "" : "\n", INDENT, "");
            column = INDENT;
        } else {
            buffer_append_byte(out, ' ');
            column++;
        }
        buffer_append(out, (struct slice){.data = text, .size = word});
        column += word;
        text += word + strspn(text + word, " ");
    }
    buffer_append_byte(out, '\n');
}

static void help_section(const struct option *section, bool is_app, struct buffer *out) {
    (void)is_app;
    buffer_append_format(out, "%s:\n", section->name);
    append_wrapped(section->help, out);
    buffer_append_byte(out, '\n');
}

static void help_row(const struct option *option, bool is_app, struct buffer *out) {
    buffer_append_format(out, "  %s%s", is_app ? "apps.*." : "", option->name);
    if (option->secret)
        buffer_append_format(out, ", %s%s", option->name, secret_suffix);
    buffer_append_byte(out, '\n');
    append_wrapped(option->help, out);
    buffer_append_text(out, "      expected: ");
    option->type->expect(option, out);
    if (is_app) {
        buffer_append_text(out, "\n      for:      ");
        option_append_kinds(option, out);
    }
    buffer_append_text(out, "\n      default:  ");
    append_default(option, "", out);
    buffer_append_text(out, "\n\n");
}

void config_write_help(struct buffer *out) {
    static const struct form form = {help_section, help_row};

    write_form(&form, out);
}

/* ---- For the docs ---- */

static const char reference_head[] =
    "# Configuration reference\n\n"
    "Made from the tables of `options.h`; a test holds it current.\n\n"
    "- Durations have a unit: `500ms`, `20s`, `2m`, `24h`, `90d`. Sizes are bytes, or `512KiB`, "
    "`8MiB`, `1GiB`.\n"
    "- `${NAME}` in a value is the environment's, `${NAME:-default}` has a default for when it is "
    "unset or empty, `$$` is one dollar.\n"
    "- Anchors, aliases and merge keys (`<<`) are YAML's own.\n"
    "- A key without a value is as good as none. An unknown key, or one that is there twice, is "
    "an error.\n"
    "- A secret can stand in a file of its own: `X_file` names it, and one newline at its end is "
    "cut off.\n";

static void reference_section(const struct option *section, bool is_app, struct buffer *out) {
    buffer_append_format(out, "\n## %s\n\n%s\n\n", section->name, section->help);
    buffer_append_text(out, is_app ? "| key | for | expected | default | meaning |\n"
                                     "|---|---|---|---|---|\n"
                                   : "| key | expected | default | meaning |\n|---|---|---|---|\n");
}

static void reference_row(const struct option *option, bool is_app, struct buffer *out) {
    buffer_append_format(out, "| `%s`", option->name);
    if (option->secret)
        buffer_append_format(out, ", `%s%s`", option->name, secret_suffix);
    buffer_append_text(out, " | ");
    if (is_app) {
        option_append_kinds(option, out);
        buffer_append_text(out, " | ");
    }
    option->type->expect(option, out);
    buffer_append_text(out, " | ");
    append_default(option, "`", out);
    buffer_append_format(out, " | %s |\n", option->help);
}

void config_write_reference(struct buffer *out) {
    static const struct form form = {reference_section, reference_row};

    buffer_append_text(out, reference_head);
    write_form(&form, out);
}
