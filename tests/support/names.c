/* Preloaded into a program under test, it answers look-ups of names: TEST_NAMES has them as
 * "name=address,name=address". What is not there is looked up as ever. So a test of what names of
 * strangers lead to needs no resolver of its own, and no /etc/hosts. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

typedef int look_up(const char *name, const char *service, const struct addrinfo *hints,
                    struct addrinfo **out);

static int look_up_elsewhere(const char *name, const char *service, const struct addrinfo *hints,
                             struct addrinfo **out) {
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    look_up *next = NULL;

    memcpy(&next, &symbol, sizeof next);
    return next(name, service, hints, out);
}

/* Copies the address of the name. */
static int find(const char *name, char address[static INET6_ADDRSTRLEN]) {
    const char *names = getenv("TEST_NAMES");
    const size_t size = strlen(name);

    while (names != NULL && *names != '\0') {
        const size_t entry_size = strcspn(names, ",");
        if (entry_size > size && strncmp(names, name, size) == 0 && names[size] == '=' &&
            entry_size - size - 1 < INET6_ADDRSTRLEN) {
            memcpy(address, names + size + 1, entry_size - size - 1);
            address[entry_size - size - 1] = '\0';
            return 1;
        }
        names += entry_size + (names[entry_size] == ',');
    }
    return 0;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out) {
    char address[INET6_ADDRSTRLEN];

    return look_up_elsewhere(name != NULL && find(name, address) ? address : name, service, hints,
                             out);
}
