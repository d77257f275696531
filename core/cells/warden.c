#define _GNU_SOURCE
#include "warden.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell/protocol.h"
#include "cell/warden_protocol.h"
#include "panic.h"
#include "program_file.h"

enum { MOST_DESCRIPTORS = 2 };

/* --- messages ---------------------------------------------------------------------------------------------------------- */

struct received {
    int descriptors[MOST_DESCRIPTORS];
    size_t count;
    pid_t sender; /* 0: the kernel has not said */
};

static void take_control(struct received *received, const struct cmsghdr *header)
{
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        received->count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        require(received->count <= MOST_DESCRIPTORS, "the warden of the cells sends more than it was asked for");
        memcpy(received->descriptors, CMSG_DATA(header), received->count * sizeof(int));
    } else if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS) {
        struct ucred sender;
        memcpy(&sender, CMSG_DATA(header), sizeof sender);
        received->sender = sender.pid;
    }
}

static void close_received(struct received *received)
{
    for (size_t i = 0; i < received->count; i++)
        close(received->descriptors[i]);
    received->count = 0;
}

/* One message of this size with so many descriptors; false without any. */
static bool receive(int socket, void *bytes, size_t size, size_t descriptors, struct received *received)
{
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    struct iovec piece = {bytes, size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    *received = (struct received){0};
    ssize_t length;
    do
        length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    for (struct cmsghdr *header = length > 0 ? CMSG_FIRSTHDR(&message) : NULL; header; header = CMSG_NXTHDR(&message, header))
        take_control(received, header);
    if (length == (ssize_t)size && received->count == descriptors)
        return true;
    close_received(received);
    return false;
}

static bool ask(const struct warden *warden, struct warden_request request, struct warden_answer *answer,
                size_t descriptors, struct received *received)
{
    bool sent = warden->socket >= 0 && send(warden->socket, &request, sizeof request, MSG_NOSIGNAL) == sizeof request;
    return sent && receive(warden->socket, answer, sizeof *answer, descriptors, received);
}

/* --- the start ------------------------------------------------------------------------------------------------------------ */

/* Above all descriptors that the program is given. */
static int move_up(int descriptor)
{
    int moved = descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, CELL_STORE + 1);
    if (descriptor >= 0)
        close(descriptor);
    return moved;
}

/* What the child does, in this process's memory: nothing but these system calls. */
struct start {
    int program, socket;
    int error; /* the child's */
};

static int start_program(void *argument)
{
    struct start *start = argument;
    char name[] = "motte-cell";
    char *const arguments[] = {name, NULL}, *const environment[] = {NULL};
    if (syscall(SYS_dup3, start->socket, CELL_SOCKET, 0) >= 0)
        syscall(SYS_execveat, start->program, "", arguments, environment, AT_EMPTY_PATH);
    start->error = errno;
    return 1;
}

/* Of spawn.S. */
pid_t spawn_sharing(void *stack_end, int (*run)(void *), void *argument);

/* Nothing of a large host is copied.  No signal comes through, not even the C library's own, whose handlers are no business of
 * the child. */
static pid_t spawn(struct start *start)
{
    _Alignas(16) static char stack[16384]; /* one thread has a warden at a time */
    uint64_t all = ~UINT64_C(0), before;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    pid_t pid = spawn_sharing(stack + sizeof stack, start_program, start);
    if (pid < 0)
        start->error = -pid;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    return pid;
}

static const char *start_in_words(const struct start *start)
{
    switch (start->error) {
    case EACCES:
    case EPERM:
        return "the host forbids to start the program of cells from memory (vm.memfd_noexec, or a security module)";
    case EAGAIN:
    case ENOMEM:
        return "the host has no room for another process";
    default:
        return "the host cannot start the program of cells";
    }
}

static const char *step_in_words(const struct warden_hello *hello)
{
    switch (hello->step) {
    case WARDEN_STEP_MEMORY:
        return "the host does not let a cell give up the kernel's pages for clocks";
    case WARDEN_STEP_FORK:
        return "the host has no room for another process";
    default:
        return "the host does not let a cell give up its privileges";
    }
}

/* The first process ends at once; somebody else of this program may have waited for it already. */
static bool meet(struct warden *warden, pid_t first, const char **problem)
{
    struct warden_hello hello = {0};
    struct received received;
    bool met = receive(warden->socket, &hello, sizeof hello, 1, &received);
    if (met)
        warden->process = received.descriptors[0];
    waitpid(first, NULL, 0);
    met = met && receive(warden->socket, &hello, sizeof hello, 0, &received) && hello.step == WARDEN_STEP_NONE;
    warden->features = hello.features;
    if (!met)
        *problem = step_in_words(&hello);
    else if (!(hello.features & CELL_FEATURE_SECCOMP))
        *problem = "the host's kernel has no filters of system calls (seccomp)";
    return met && hello.features & CELL_FEATURE_SECCOMP;
}

bool warden_start(struct warden *warden, const char **problem)
{
    int sockets[2] = {-1, -1};
    struct start start = {.program = move_up(program_file_create(problem)), .socket = -1};
    if (start.program < 0)
        return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
        close(start.program);
        *problem = "the host has no descriptors left";
        return false;
    }
    start.socket = move_up(sockets[1]);
    *warden = (struct warden){.socket = sockets[0], .process = -1};
    pid_t first = spawn(&start);
    close(start.program);
    close(start.socket);
    if (start.error)
        *problem = start_in_words(&start);
    bool started = first > 0 && !start.error && meet(warden, first, problem);
    if (first > 0 && start.error)
        waitpid(first, NULL, 0);
    if (!started)
        warden_end(warden);
    return started;
}

void warden_end(struct warden *warden)
{
    siginfo_t information;
    if (warden->process >= 0) {
        syscall(SYS_pidfd_send_signal, warden->process, SIGKILL, NULL, 0);
        waitid((idtype_t)P_PIDFD, (id_t)warden->process, &information, WEXITED);
        close(warden->process);
    }
    if (warden->socket >= 0)
        close(warden->socket);
    *warden = (struct warden)NO_WARDEN;
}

/* --- requests ------------------------------------------------------------------------------------------------------------- */

/* It has not even said that it is there. */
static void kill_newborn(const struct warden *warden, const struct warden_cell *cell)
{
    int code, status;
    struct pollfd death = {.fd = cell->process, .events = POLLIN};
    syscall(SYS_pidfd_send_signal, cell->process, SIGKILL, NULL, 0);
    if (poll(&death, 1, -1) == 1)
        warden_look(warden, cell->inner_pid, true, &code, &status);
}

bool warden_fork(const struct warden *warden, struct warden_cell *cell, int *error)
{
    struct warden_answer answer = {0};
    struct received received, birth;
    char byte;
    *error = 0;
    if (!ask(warden, (struct warden_request){.kind = WARDEN_FORK}, &answer, 2, &received)) {
        *error = (int)answer.error;
        return false;
    }
    *cell = (struct warden_cell){.inner_pid = answer.pid, .process = received.descriptors[0], .socket = received.descriptors[1]};
    if (receive(cell->socket, &byte, sizeof byte, 0, &birth) && birth.sender > 0) {
        cell->pid = birth.sender;
        return true;
    }
    kill_newborn(warden, cell);
    close_received(&received);
    *error = ECHILD;
    return false;
}

bool warden_look(const struct warden *warden, int32_t inner_pid, bool reaps, int *code, int *status)
{
    struct warden_answer answer;
    struct received received;
    const struct warden_request request = {.kind = reaps ? WARDEN_REAP : WARDEN_LOOK, .pid = inner_pid};
    if (!ask(warden, request, &answer, 0, &received) || answer.error)
        return false;
    *code = answer.code;
    *status = answer.status;
    return true;
}
