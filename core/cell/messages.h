/* Messages with descriptors, on sockets that keep messages whole. */
#ifndef MOTTE_CELL_MESSAGES_H
#define MOTTE_CELL_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>

enum { MESSAGE_DESCRIPTORS = 16 };

bool message_send(int socket, const void *bytes, size_t size, const int *descriptors, size_t count);

/* Bytes received; 0: the other side is gone, or the message was not as it should be.  `*count` is how many descriptors may
 * come, then how many came. */
size_t message_receive(int socket, void *bytes, size_t size, int *descriptors, size_t *count);

#endif
