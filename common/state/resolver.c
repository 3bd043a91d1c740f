#include "common/state/resolver.h"

#include "common/base/loop_ev.h"
#include "common/base/memory.h"

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Shared with the thread; the last of the two to let go frees it. */
struct question {
    pthread_mutex_t lock;
    struct wakeup *asker; /* NULL once nobody waits */
    bool is_answered;
    char *host;
    struct resolver_addresses addresses;
    int failure; /* of getaddrinfo */
};

struct resolver {
    struct wakeup *wakeup;
    struct question *question; /* NULL when there is none */
    resolver_done *done;
    void *context;
};

static void question_free(struct question *question) {
    pthread_mutex_destroy(&question->lock);
    free(question->host);
    free(question);
}

static void keep_addresses(struct resolver_addresses *out, const struct addrinfo *found) {
    for (; found != NULL && out->count < RESOLVER_ADDRESSES_MAX; found = found->ai_next) {
        char *text = out->texts[out->count];
        if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof out->texts[0], NULL, 0,
                        NI_NUMERICHOST) == 0)
            out->count++;
    }
}

static void *resolve(void *context) {
    struct question *question = context;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    question->failure = getaddrinfo(question->host, NULL, &hints, &found);
    if (question->failure == 0) {
        keep_addresses(&question->addresses, found);
        freeaddrinfo(found);
    }
    pthread_mutex_lock(&question->lock);
    bool is_abandoned = question->asker == NULL;
    question->is_answered = true;
    if (!is_abandoned)
        wakeup_ring(question->asker);
    pthread_mutex_unlock(&question->lock);
    if (is_abandoned)
        question_free(question);
    return NULL;
}

static void on_answer(void *context) {
    struct resolver *resolver = context;
    struct question *question = resolver->question;
    struct error error;

    if (question == NULL)
        return;
    pthread_mutex_lock(&question->lock);
    bool is_answered = question->is_answered;
    pthread_mutex_unlock(&question->lock);
    if (!is_answered)
        return;
    resolver->question = NULL;
    if (question->addresses.count > 0) {
        resolver->done(resolver->context, &question->addresses, NULL);
    } else {
        error_set(&error, ERROR_UNAVAILABLE, "%s: %s", question->host,
                  question->failure == 0 ? "no address" : gai_strerror(question->failure));
        resolver->done(resolver->context, NULL, &error);
    }
    question_free(question);
}

struct resolver *resolver_new(struct loop *loop, resolver_done *done, void *context) {
    struct resolver *resolver = memory_new(sizeof *resolver);

    resolver->wakeup = wakeup_new(loop, on_answer, resolver);
    resolver->done = done;
    resolver->context = context;
    return resolver;
}

void resolver_free(struct resolver *resolver) {
    struct question *question = resolver->question;

    if (question != NULL) {
        pthread_mutex_lock(&question->lock);
        bool is_answered = question->is_answered;
        question->asker = NULL;
        pthread_mutex_unlock(&question->lock);
        if (is_answered)
            question_free(question);
    }
    wakeup_free(resolver->wakeup);
    free(resolver);
}

void resolver_ask(struct resolver *resolver, const char *host) {
    struct question *question = memory_new(sizeof *question);
    pthread_attr_t detached;
    pthread_t thread;

    pthread_mutex_init(&question->lock, NULL);
    question->asker = resolver->wakeup;
    question->host = memory_copy_text(host);
    resolver->question = question;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &detached, resolve, question) != 0) {
        question->failure = EAI_MEMORY;
        question->is_answered = true;
        wakeup_ring(resolver->wakeup);
    }
    pthread_attr_destroy(&detached);
}
