#include "common/observe/process_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void write_metric(struct buffer *out, const char *name, const char *type, const char *help,
                         double value) {
    buffer_append_format(out, "# HELP %s %s\n# TYPE %s %s\n%s %.12g\n", name, help, name, type,
                         name, value);
}

static void write_cpu(struct buffer *out) {
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        write_metric(out, "process_cpu_seconds_total", "counter",
                     "User and system time spent, in seconds.",
                     (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

static bool read_line(const char *path, const char *prefix, char *out, size_t size) {
    FILE *file = fopen(path, "r");
    bool found = false;

    while (file != NULL && !found && fgets(out, (int)size, file) != NULL)
        found = strncmp(out, prefix, strlen(prefix)) == 0;
    if (file != NULL)
        fclose(file);
    return found;
}

/* The number behind so many spaces; 0 when there is none. */
static double number_behind(const char *line, int spaces) {
    while (spaces > 0 && *line != '\0')
        spaces -= *line++ == ' ' ? 1 : 0;
    return (double)strtoull(line, NULL, 10);
}

static void write_memory(struct buffer *out) {
    char line[256];

    if (read_line("/proc/self/statm", "", line, sizeof line))
        write_metric(out, "process_resident_memory_bytes", "gauge", "Resident memory, in bytes.",
                     number_behind(line, 1) * (double)sysconf(_SC_PAGESIZE));
}

/* Field 22 of proc(5) stat is in ticks since boot; field 2, the name in parentheses, may hold
 * anything. */
static void write_start(struct buffer *out) {
    char stat[1024];
    char boot[64];

    if (!read_line("/proc/self/stat", "", stat, sizeof stat) ||
        !read_line("/proc/stat", "btime ", boot, sizeof boot))
        return;
    const char *behind_name = strrchr(stat, ')');
    if (behind_name != NULL)
        write_metric(out, "process_start_time_seconds", "gauge",
                     "When the process started, in seconds since the epoch.",
                     number_behind(boot, 1) +
                         number_behind(behind_name, 20) / (double)sysconf(_SC_CLK_TCK));
}

static void write_descriptors(struct buffer *out) {
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    if (directory == NULL)
        return;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    /* Without ".", ".." and the directory itself. */
    write_metric(out, "process_open_fds", "gauge", "Open file descriptors.", count - 3);
}

void process_metrics_write(struct buffer *out) {
    write_cpu(out);
    write_memory(out);
    write_start(out);
    write_descriptors(out);
}
