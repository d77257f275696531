/* idea: call the kernel call of checked casts oneself, so that the core notes what it found outside the window or over constants
   stopped by: what the core notes is a copy into the window like any other; one that fails is forgotten
   expect: 0
   stdout: constant untouched, 0 noted at the end */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
void motte_check_pointer(unsigned long integer, int use, void *runs);
static const uint64_t constants[6] = {1, 2, 3, 4, 5, 6};
static int here;
static void note(uint64_t runs)
{
    volatile uint64_t place = runs;
    for (int use = 0; use < 2; use++)
        motte_check_pointer((unsigned long)&here, use, (void *)place);
    char *gone = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(gone, 4096); /* the core clears what it noted */
}
int main(void)
{
    uint64_t noted[6] = {0};
    static const uint64_t places[] = {0, 8, 0xfff0, 0xfffffff8, 0xffffffffffffffe8, 0x1ffffffff, 0xffff800000000000, 0x10000};
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++)
        note(places[i]);
    note((uint64_t)constants);
    note((uint64_t)noted);
    printf("constant %s, ", constants[0] == 1 && constants[5] == 6 ? "untouched" : "lost");
    printf("%d noted at the end\n", noted[0] || noted[1] || noted[2] || noted[3] || noted[4] || noted[5]);
    return 0;
}
