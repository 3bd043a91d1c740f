#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/session.h"
#include "deploy/columbactl/top.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { TOP_PAUSE_MS = 2000 };

/* What was read, and the fleet in it. */
struct look {
    struct inspect_members members;
    struct fleet fleet;
};

static bool take_look(struct session *session, struct look *out, struct error *error) {
    *out = (struct look){0};
    if (!inspect_members(session->redis, &out->members, error))
        return false;
    fleet_read(&out->members, report_now_ms(), &out->fleet);
    return true;
}

static void forget(struct look *look) {
    fleet_free(&look->fleet);
    inspect_members_free(&look->members);
}

/* Waits for the time to pass, or for Ctrl-C; false then. */
static bool rest(const sigset_t *ends) {
    return sigtimedwait(ends, NULL, &(struct timespec){.tv_sec = TOP_PAUSE_MS / 1000}) < 0;
}

static void show(const struct session *session, const struct look *before, const struct look *now) {
    struct winsize size = {0};
    struct buffer page = {0};
    struct buffer screen = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_col = UINT16_MAX, .ws_row = UINT16_MAX};
    top_write(&before->fleet, &now->fleet, session->lanes, session->lane_count, report_now_ms(),
              &page);
    buffer_append_text(&page, "\nCtrl-C ends.");
    top_fit(buffer_slice(&page), size.ws_col, size.ws_row, &screen);
    fwrite(screen.data, 1, screen.size, stdout);
    fflush(stdout);
    buffer_free(&page);
    buffer_free(&screen);
}

/* A Redis that is away ends it, with the last page left on the screen. */
static bool watch(struct session *session, struct error *error) {
    struct look before = {0};
    struct look now;
    sigset_t ends;
    bool success;

    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    fputs("\x1b[2J", stdout);
    do {
        success = take_look(session, &now, error);
        if (success) {
            show(session, &before, &now);
            forget(&before);
            before = now;
        }
    } while (success && rest(&ends));
    forget(&before);
    fputs("\n", stdout);
    return success;
}

static bool look_once(struct session *session, bool json, struct buffer *out, struct error *error) {
    struct look now;

    if (!take_look(session, &now, error))
        return false;
    if (json)
        top_write_json(&now.fleet, out);
    else
        top_write(NULL, &now.fleet, session->lanes, session->lane_count, report_now_ms(), out);
    forget(&now);
    return true;
}

enum command_status top_command_run(const struct invocation *invocation, struct buffer *out,
                                    struct error *error) {
    bool once =
        invocation->json || invocation->options[OPTION_ONCE] != NULL || isatty(STDOUT_FILENO) == 0;
    struct session session;
    bool success =
        session_open_redis(invocation, &session, error) &&
        (once ? look_once(&session, invocation->json, out, error) : watch(&session, error));

    session_close(&session);
    return success ? COMMAND_OK : invocation_status_of(error);
}
