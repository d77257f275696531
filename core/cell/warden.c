/* The warden at its work.  It has one descriptor between two requests, its socket, and one child for each cell that the host
 * has not given up: one that has ended stays a zombie until then, so that no other process gets its number while the host
 * may still have it in mind. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "messages.h"
#include "program.h"
#include "system.h"

enum { HOSTS_END, CELLS_END, ENDS };

/* In the cell. Its first byte tells the host its number, by the credentials that the kernel adds. */
_Noreturn static void be_cell(int socket, long warden)
{
    privileges_die_with_parent();
    if (system_call(SYS_getppid) != warden) /* it has died before that was known */
        system_exit(CELL_EXIT_ORPHAN);
    system_call(SYS_dup3, socket, CELL_SOCKET, 0);
    system_call(SYS_close_range, 0, CELL_SOCKET - 1, 0);
    system_call(SYS_close_range, CELL_SOCKET + 1, ~0U, 0);
    if (!message_send(CELL_SOCKET, "", 1, NULL, 0))
        system_exit(CELL_EXIT_ORPHAN);
    job_begin();
}

static long fork_cell(int sockets[ENDS], int *process)
{
    const int wanted = 1;
    long error = system_call(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET, 0, sockets);
    if (error < 0)
        return error;
    error = system_call(SYS_setsockopt, sockets[HOSTS_END], SOL_SOCKET, SO_PASSCRED, &wanted, sizeof wanted);
    if (error < 0)
        return error;
    long self = system_call(SYS_getpid), pid = system_call(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, process);
    if (pid == 0)
        be_cell(sockets[CELLS_END], self);
    return pid;
}

static bool answer_fork(void)
{
    struct warden_answer answer = {0};
    int sockets[ENDS] = {-1, -1}, process = -1;
    long pid = fork_cell(sockets, &process);
    if (pid < 0)
        answer.error = (uint32_t)-pid;
    else
        answer.pid = (int32_t)pid;
    const int descriptors[] = {process, sockets[HOSTS_END]};
    bool sent = message_send(CELL_SOCKET, &answer, sizeof answer, descriptors, pid < 0 ? 0 : 2);
    system_call(SYS_close_range, 0, CELL_SOCKET - 1, 0);
    system_call(SYS_close_range, CELL_SOCKET + 1, ~0U, 0);
    return sent;
}

static bool answer_end(const struct warden_request *request)
{
    struct warden_answer answer = {0};
    siginfo_t information = {0};
    int options = WEXITED | WNOHANG | (request->kind == WARDEN_LOOK ? WNOWAIT : 0);
    long error = system_call(SYS_waitid, P_PID, request->pid, &information, options, 0);
    if (error < 0)
        answer.error = (uint32_t)-error;
    else if (information.si_pid == 0)
        answer.error = EAGAIN;
    answer.code = information.si_code;
    answer.status = information.si_status;
    return message_send(CELL_SOCKET, &answer, sizeof answer, NULL, 0);
}

_Noreturn void warden_serve(void)
{
    struct warden_request request;
    size_t none = 0;
    bool heard = true;
    while (heard && message_receive(CELL_SOCKET, &request, sizeof request, NULL, &none) == sizeof request)
        heard = request.kind == WARDEN_FORK ? answer_fork() : answer_end(&request);
    system_exit(CELL_EXIT_ORDERLY);
}
