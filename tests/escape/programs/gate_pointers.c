/* idea: make the host read or write outside the window through a system call's buffer
   stopped by: the host copies through checked 32-bit window addresses
   expect: 0
   stdout: null -14 edge -14 huge -22 clock -14 path -14 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
static long failure(long r) { return r < 0 ? -errno : r; }
int main(void)
{
    volatile unsigned long null = 0x10, edge = 0xffffffff, huge = 0xfffffffffffff000, clock = 0xfffffffc;
    printf("null %ld ", failure(write(1, (void *)null, 8)));
    printf("edge %ld ", failure(write(1, (void *)edge, 2)));
    printf("huge %ld ", failure(write(1, (void *)0x10000000ul, huge)));
    printf("clock %ld ", failure(clock_gettime(CLOCK_REALTIME, (void *)clock)));
    printf("path %ld\n", failure(open((void *)null, O_RDONLY)));
    return 0;
}
