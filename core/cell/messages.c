#define _GNU_SOURCE
#include "messages.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "system.h"

union room {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(MESSAGE_DESCRIPTORS * sizeof(int))];
};

bool message_send(int socket, const void *bytes, size_t size, const int *descriptors, size_t count)
{
    union room room = {0};
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (count) {
        room.header.cmsg_level = SOL_SOCKET;
        room.header.cmsg_type = SCM_RIGHTS;
        room.header.cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(&room.header), descriptors, count * sizeof(int));
        message.msg_control = &room;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    }
    long sent;
    do
        sent = system_call(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
    while (sent == -EINTR);
    return sent == (long)size;
}

size_t message_receive(int socket, void *bytes, size_t size, int *descriptors, size_t *count)
{
    union room room = {0};
    struct iovec piece = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = CMSG_SPACE(*count * sizeof(int))};
    long received;
    do
        received = system_call(SYS_recvmsg, socket, &message, 0);
    while (received == -EINTR);
    size_t came = 0;
    if (received > 0 && message.msg_controllen >= sizeof room.header && room.header.cmsg_level == SOL_SOCKET
        && room.header.cmsg_type == SCM_RIGHTS)
        came = (room.header.cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (received <= 0 || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || came > *count)
        return 0;
    memcpy(descriptors, CMSG_DATA(&room.header), came * sizeof(int));
    *count = came;
    return (size_t)received;
}
