/* idea: read a host file
   stopped by: no directory was granted, so nothing exists
   expect: 0
   stdout: /etc/passwd: No such file or directory */
#include <errno.h>
#include <stdio.h>
#include <string.h>
int main(void)
{
    FILE *f = fopen("/etc/passwd", "r");
    printf("/etc/passwd: %s\n", f ? "opened" : strerror(errno));
    return f != NULL;
}
