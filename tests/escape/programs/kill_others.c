/* idea: signal the host or another process
   stopped by: kill knows only the process itself
   expect: 0
   stdout: kill -1 parent -1 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    printf("kill %d ", kill(1, SIGKILL));
    printf("parent %d\n", kill(getppid() + 100000, SIGTERM));
    return 0;
}
