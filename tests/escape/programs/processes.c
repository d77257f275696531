/* idea: start a process, a program or a connection
   stopped by: those system calls are refused
   expect: 0
   stdout: fork 1 exec 1 socket 1 system 1 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
    char *const none[] = {"sh", NULL};
    errno = 0;
    int forked = fork();
    if (forked == 0)
        _exit(77);
    printf("fork %d ", forked == -1 && (errno == EPERM || errno == ENOSYS));
    errno = 0;
    printf("exec %d ", execve("/bin/sh", none, none) == -1 && (errno == EPERM || errno == ENOENT));
    errno = 0;
    printf("socket %d ", socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM);
    printf("system %d\n", system("true") != 0);
    return 0;
}
