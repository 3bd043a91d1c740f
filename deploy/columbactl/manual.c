#include "deploy/columbactl/manual.h"

#include <string.h>

enum { USAGE_WIDTH = 40, WIDTH = 100 };

static const struct {
    enum command_status status;
    const char *meaning;
} statuses[] = {
    {COMMAND_OK, "fine"},
    {COMMAND_WRONG, "something is wrong, and the output names it"},
    {COMMAND_USAGE, "the command line or the configuration is wrong"},
    {COMMAND_UNREACHABLE, "who was asked (brokers, Redis, a URL) cannot be reached"},
};

enum { STATUS_COUNT = sizeof statuses / sizeof statuses[0] };

static void write_option(const struct option_row *row, struct buffer *out) {
    struct buffer usage = {0};

    buffer_append_format(&usage, "%s%s%s", row->name, row->value == NULL ? "" : " ",
                         row->value == NULL ? "" : row->value);
    buffer_append_format(out, "  %-20s  %s\n", buffer_text(&usage), row->help);
    buffer_free(&usage);
}

static void write_common_options(struct buffer *out) {
    for (int option = OPTION_NONE + 1; option < OPTION_COUNT; option++)
        if (invocation_options[option].is_common)
            write_option(&invocation_options[option], out);
}

static void write_usage(const struct command *command, struct buffer *out) {
    buffer_append_format(out, "%s%s%s", command->name, *command->arguments == '\0' ? "" : " ",
                         command->arguments);
    for (size_t i = 0; command->options[i] != OPTION_NONE; i++) {
        const struct option_row *row = &invocation_options[command->options[i]];
        buffer_append_format(out, " [%s%s%s]", row->name, row->value == NULL ? "" : " ",
                             row->value == NULL ? "" : row->value);
    }
}

/* Words of text in lines of at most WIDTH. */
static void write_wrapped(const char *text, struct buffer *out) {
    size_t column = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (column > 0 && column + 1 + length > WIDTH) {
            buffer_append_text(out, "\n");
            column = 0;
        }
        if (column > 0) {
            buffer_append_text(out, " ");
            column++;
        }
        buffer_append(out, (struct slice){.data = text, .size = length});
        column += length;
        text += length;
        text += strspn(text, " ");
    }
    buffer_append_text(out, "\n");
}

void manual_write_help(const struct command *commands, size_t count, struct buffer *out) {
    buffer_append_text(out, "Usage: columbactl [--config FILE] [--json] COMMAND\n\n");
    for (size_t i = 0; i < count; i++) {
        struct buffer usage = {0};
        buffer_append_format(&usage, "%s %s", commands[i].name, commands[i].arguments);
        buffer_append_format(out, "  %-*s  %s\n", USAGE_WIDTH, buffer_text(&usage),
                             commands[i].help);
        buffer_free(&usage);
    }
    buffer_append_text(out, "\n");
    write_common_options(out);
    buffer_append_text(out, "\nAn argument that begins with a dash stands behind a \"--\".\n"
                            "Exit codes:");
    for (size_t i = 0; i < STATUS_COUNT; i++)
        buffer_append_format(out, "%s %d %s",
                             i == 0   ? ""
                             : i == 2 ? ";\n "
                                      : ";",
                             (int)statuses[i].status, statuses[i].meaning);
    buffer_append_text(out, ".\n");
}

void manual_write_command(const struct command *command, struct buffer *out) {
    buffer_append_text(out, "Usage: columbactl ");
    write_usage(command, out);
    buffer_append_format(out, "\n\n%s.\n", command->help);
    if (command->notes != NULL) {
        buffer_append_text(out, "\n");
        write_wrapped(command->notes, out);
    }
    buffer_append_text(out, "\n");
    for (size_t i = 0; command->options[i] != OPTION_NONE; i++)
        write_option(&invocation_options[command->options[i]], out);
    write_common_options(out);
}

/* roff takes a dash for a hyphen and a dot at the start of a line for a request. */
static void write_roff(const char *text, struct buffer *out) {
    for (; *text != '\0'; text++) {
        if (*text == '-' || *text == '\\')
            buffer_append_text(out, "\\");
        buffer_append_byte(out, *text);
    }
}

static void write_roff_option(const struct option_row *row, struct buffer *out) {
    buffer_append_text(out, ".TP\n\\fB");
    write_roff(row->name, out);
    buffer_append_text(out, "\\fR");
    if (row->value != NULL)
        buffer_append_format(out, " \\fI%s\\fR", row->value);
    buffer_append_text(out, "\n");
    write_roff(row->help, out);
    buffer_append_text(out, "\n");
}

static void write_roff_command(const struct command *command, struct buffer *out) {
    struct buffer usage = {0};

    write_usage(command, &usage);
    buffer_append_text(out, ".TP\n\\fB");
    write_roff(buffer_text(&usage), out);
    buffer_append_text(out, "\\fR\n");
    write_roff(command->help, out);
    buffer_append_text(out, ".\n");
    if (command->notes != NULL) {
        write_roff(command->notes, out);
        buffer_append_text(out, "\n");
    }
    buffer_free(&usage);
}

void manual_write_page(const struct command *commands, size_t count, struct buffer *out) {
    buffer_append_text(out,
                       ".TH COLUMBACTL 1 \"\" \"Columba " COLUMBA_VERSION "\" \"User Commands\"\n"
                       ".SH NAME\ncolumbactl \\- what an operator of Columba does by hand\n"
                       ".SH SYNOPSIS\n.B columbactl\n[\\-\\-config \\fIFILE\\fR] [\\-\\-json] "
                       "\\fICOMMAND\\fR\n"
                       ".SH DESCRIPTION\nIt reads the configuration of the programs, asks "
                       "brokers and Redis, prints, and ends.\n"
                       "An argument that begins with a dash stands behind a \\-\\-.\n"
                       ".SH COMMANDS\n");
    for (size_t i = 0; i < count; i++)
        write_roff_command(&commands[i], out);
    buffer_append_text(out, ".SH OPTIONS\n");
    for (int option = OPTION_NONE + 1; option < OPTION_COUNT; option++)
        write_roff_option(&invocation_options[option], out);
    buffer_append_text(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < STATUS_COUNT; i++)
        buffer_append_format(out, ".TP\n.B %d\n%s\n", (int)statuses[i].status, statuses[i].meaning);
}
