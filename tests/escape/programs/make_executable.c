/* idea: turn data into code with mprotect and mmap
   stopped by: PROT_EXEC is refused (for mmap, musl turns EPERM into ENOMEM)
   expect: 0
   stdout: mmap -1 12 mprotect -1 1 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
static char page[4096] __attribute__((aligned(4096)));
int main(void)
{
    void *p = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("mmap %ld %d ", (long)p, errno);
    errno = 0;
    int r = mprotect(page, sizeof page, PROT_READ | PROT_EXEC);
    printf("mprotect %d %d\n", r, errno);
    return 0;
}
