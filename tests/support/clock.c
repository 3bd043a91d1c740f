/* Preloaded, it gives a program another idea of what time it is: COLUMBA_SKEW_S seconds ahead. How
 * fast time goes and how long something takes stay as they are, since the libraries that wait by
 * the clock ask the C library's own, timespec_get, which is not touched. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t skew_s(void) {
    const char *text = getenv("COLUMBA_SKEW_S");

    return text == NULL ? 0 : (time_t)strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    int result = (int)syscall(SYS_clock_gettime, clock, out);

    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        out->tv_sec += skew_s();
    return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

/* Until a time that was read here. */
int pthread_timedjoin_np(pthread_t thread, void **value, const struct timespec *until) {
    typedef int join(pthread_t, void **, const struct timespec *);
    struct timespec theirs = *until;
    join *next = (join *)dlsym(RTLD_NEXT, "pthread_timedjoin_np");

    theirs.tv_sec -= skew_s();
    return next(thread, value, &theirs);
}
