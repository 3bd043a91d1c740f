/* The status page, status_page.html as it lies beside this, put into the program when it is built:
 * it fetches /status and shows it, and needs nothing else. */
#ifndef COLUMBA_OBSERVE_STATUS_PAGE_H
#define COLUMBA_OBSERVE_STATUS_PAGE_H

#include <stddef.h>

extern const unsigned char status_page[];
extern const size_t status_page_size;

#endif
