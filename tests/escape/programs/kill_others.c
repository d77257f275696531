/* idea: signal the host or another process
   stopped by: kill knows only the process itself
   expect: 0
   stdout: first -1 3 parent -1 3 group -1 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    int r = kill(getpid() + 1, SIGKILL);
    printf("first %d %d ", r, errno);
    r = kill(100000, SIGTERM);
    printf("parent %d %d ", r, errno);
    printf("group %d\n", kill(-2, SIGKILL));
    return 0;
}
