/* What the holder of a cell does with it. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pool.h"

enum { FILES_BEFORE = 2, MOST_FILES = FILES_BEFORE + CELL_FILES };

bool cell_begin(struct cell *cell, const struct cell_job *job, int store, const int *files, size_t count)
{
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(MOST_FILES * sizeof(int))] = {0};
    struct iovec piece = {(void *)job, sizeof *job};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room};
    struct cmsghdr *header = (struct cmsghdr *)room;
    int all[MOST_FILES] = {cell->control_file, store};
    if (count > CELL_FILES || cell->control_file < 0 || atomic_load(&cell->dead))
        return false;
    memcpy(all + FILES_BEFORE, files, count * sizeof *files);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN((FILES_BEFORE + count) * sizeof(int));
    memcpy(CMSG_DATA(header), all, (FILES_BEFORE + count) * sizeof(int));
    message.msg_controllen = CMSG_SPACE((FILES_BEFORE + count) * sizeof(int));
    atomic_store(&cell->control->turn, CELL_TURN_CELL);
    bool sent = sendmsg(cell->socket, &message, MSG_NOSIGNAL) == (ssize_t)sizeof *job;
    if (sent) {
        close(cell->control_file);
        cell->control_file = -1;
    }
    return sent && !atomic_load(&cell->dead);
}

bool cell_give(struct cell *cell)
{
    if (atomic_load(&cell->dead)) /* in a child of fork there are no control pages either */
        return false;
    atomic_store(&cell->control->turn, CELL_TURN_CELL);
    syscall(SYS_futex, &cell->control->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
    return !atomic_load(&cell->dead);
}

bool cell_has_given(const struct cell *cell)
{
    return atomic_load(&cell->dead) || atomic_load(&cell->control->turn) != CELL_TURN_CELL;
}

bool cell_wait(struct cell *cell, const struct timespec *until)
{
    while (!cell_has_given(cell)) {
        long result = syscall(SYS_futex, &cell->control->turn, FUTEX_WAIT_BITSET, CELL_TURN_CELL, until, NULL,
                              FUTEX_BITSET_MATCH_ANY);
        if (result < 0 && errno == ETIMEDOUT)
            return cell_has_given(cell);
    }
    return true;
}

void cell_interrupt(struct cell *cell)
{
    syscall(SYS_pidfd_send_signal, cell->pidfd, CELL_INTERRUPT, NULL, 0);
}

void cell_kill(struct cell *cell)
{
    syscall(SYS_pidfd_send_signal, cell->pidfd, SIGKILL, NULL, 0);
}

bool cell_is_dead(const struct cell *cell, int *code, int *status)
{
    bool dead = atomic_load(&cell->dead);
    if (dead && code)
        *code = cell->death_code;
    if (dead && status)
        *status = cell->death_status;
    return dead;
}
