/* columba-sim: a fleet of dispatchers, Kafka, Redis and the providers in one process, in virtual
 * time, from one seed. It plays load and faults against the real core and holds it to its promises
 * (promises.h, conduct.h). A seed that breaks one is printed with the way to see it again. */
#include "tests/sim/neighbours.h"
#include "tests/sim/promises.h"
#include "tests/sim/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SEEDS_FOR_TABLE = 10,  /* fewer need not fill it */
    RECORDS_LEAST = 10000, /* of each seed, */
    FAULTS_LEAST = 20,     /* and kinds of faults */
    JOBS_MAX = 64,
};

static const char directory_template[] = "columba-sim-XXXXXX";

struct options {
    uint64_t first_seed;
    uint64_t seed_count;
    uint64_t jobs;   /* processes to play them */
    double minutes;  /* of real time, 0: by count */
    bool neighbours; /* and no seeds */
    struct stage_options stage;
};

static const struct seed_result nothing_played = {.least_records = PUSHES_MAX,
                                                  .least_faults = FAULT_COUNT};

/* ---- The command line ---- */

static bool read_options(int argc, char **argv, struct options *out) {
    *out = (struct options){.first_seed = 1, .seed_count = 20, .jobs = 1};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--trace") == 0)
            out->stage.trace = true;
        else if (strcmp(argv[i], "--neighbours") == 0)
            out->neighbours = true;
        else if (strcmp(argv[i], "--first") == 0)
            out->stage.is_hasty = true;
        else if (strcmp(argv[i], "--seed") == 0)
            out->first_seed = strtoull(value, NULL, 10), out->seed_count = 1, i++;
        else if (strcmp(argv[i], "--from") == 0)
            out->first_seed = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--seeds") == 0)
            out->seed_count = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--minutes") == 0)
            out->minutes = strtod(value, NULL), i++;
        else if (strcmp(argv[i], "--jobs") == 0)
            out->jobs = strtoull(value, NULL, 10), i++;
        else
            return false;
    }
    return out->jobs > 0 && out->jobs <= JOBS_MAX;
}

/* ---- Players ---- */

/* Plays every seed of its own number, counted by jobs. */
static void play_some(struct config *const configs[GENERATIONS], const struct options *options,
                      uint64_t number, struct seed_result *result) {
    time_t end = time(NULL) + (time_t)(options->minutes * 60);

    *result = nothing_played;
    for (uint64_t i = number; options->minutes > 0 ? time(NULL) < end : i < options->seed_count;
         i += options->jobs) {
        uint64_t seed = options->first_seed + i;
        if (!seed_play(configs, seed, &options->stage, result))
            printf("seed %llu breaks a promise; again with: columba-sim --seed %llu --trace\n",
                   (unsigned long long)seed, (unsigned long long)seed);
        if (options->stage.is_hasty && result->broken > 0)
            return;
    }
}

/* A world has the process for itself. */
static pid_t start_player(struct config *const configs[GENERATIONS], const struct options *options,
                          uint64_t number, struct seed_result *result) {
    fflush(stdout);
    pid_t player = fork();

    if (player != 0)
        return player;
    play_some(configs, options, number, result);
    fflush(stdout);
    _exit(0);
}

static bool play_in_parallel(struct config *const configs[GENERATIONS],
                             const struct options *options, struct seed_result *sum) {
    struct seed_result *results = mmap(NULL, JOBS_MAX * sizeof *results, PROT_READ | PROT_WRITE,
                                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t players[JOBS_MAX];
    bool all_ended = results != MAP_FAILED;

    for (uint64_t i = 0; all_ended && i < options->jobs; i++)
        players[i] = start_player(configs, options, i, &results[i]);
    for (uint64_t i = 0; results != MAP_FAILED && i < options->jobs; i++) {
        int status = 1;
        if (players[i] < 0 || waitpid(players[i], &status, 0) < 0 || status != 0) {
            printf("a player did not come to its end (status %d)\n", status);
            all_ended = false;
        }
        seed_result_add(sum, &results[i]);
    }
    return all_ended;
}

static int play_all(struct config *const configs[GENERATIONS], const struct options *options) {
    struct seed_result sum = nothing_played;
    bool all_ended = true;

    if (options->jobs > 1)
        all_ended = play_in_parallel(configs, options, &sum);
    else
        play_some(configs, options, 0, &sum);
    size_t empty = tally_print(&sum.tally);
    printf("%zu seeds, %zu broken, %zu records (at least %zu each, with %zu kinds of faults), %zu "
           "second deliveries (each with a cause)\n",
           sum.played, sum.broken, sum.records, sum.least_records, sum.least_faults,
           sum.second_deliveries);
    bool is_poor =
        sum.broken == 0 && (sum.least_records < RECORDS_LEAST || sum.least_faults < FAULTS_LEAST);
    if (is_poor)
        printf("a seed has less than %d records or %d kinds of faults\n", RECORDS_LEAST,
               FAULTS_LEAST);
    if (sum.played < SEEDS_FOR_TABLE)
        empty = 0;
    if (empty > 0)
        printf("%zu cells are empty: what is never met proves nothing\n", empty);
    return sum.broken > 0 || empty > 0 || is_poor || !all_ended ? 1 : 0;
}

static void remove_keys(const char *directory) {
    static const char *const names[] = {"ec.pem", "fcm0.json", "fcm1.json"};
    char path[512];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

int main(int argc, char **argv) {
    struct options options;
    struct error error = {0};
    struct config *configs[GENERATIONS] = {NULL};
    char directory[256];
    const char *temporary = getenv("TMPDIR");
    int status = 2;

    /* Whole lines, whoever else writes. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "columba-sim [--seed N] [--from N] [--seeds COUNT] [--minutes N]"
                        " [--jobs N] [--first] [--trace]\n"
                        "columba-sim --neighbours [--trace]\n");
        return status;
    }
    snprintf(directory, sizeof directory, "%s/%s", temporary == NULL ? "/tmp" : temporary,
             directory_template);
    if (mkdtemp(directory) == NULL) {
        fprintf(stderr, "no directory for keys can be made in %s\n", directory);
        return status;
    }
    if (options.neighbours)
        status = neighbours_play(directory, &options.stage) ? 0 : 1;
    else if (cast_configure(&troupe_of_all_kinds, directory, configs, &error))
        status = play_all(configs, &options);
    else
        fprintf(stderr, "%s\n", error.text);
    for (int generation = 0; generation < GENERATIONS; generation++)
        config_release(configs[generation]);
    remove_keys(directory);
    return status;
}
