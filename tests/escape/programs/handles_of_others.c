/* idea: reach a capability by a handle that was never given: 0, negative, beyond the table, with high bits, once dropped
   stopped by: a handle is looked up in the process's own table, and is 32 bits
   expect: 0
   stdout: -1001 -1001 -1001 -1001 -1001 high 1 dropped -1001 full -1005 */
#include <motte.h>
#include <stdio.h>
/* The same kernel call, with an argument that C would not pass. */
__attribute__((noinline)) static int kind(long handle) { return ((int (*)(long))(void *)motte_cap_kind)(handle); }
int main(void)
{
    int ends[2];
    motte_channel_create(1, 0, ends);
    printf("%d %d %d %d %d ", motte_cap_kind(0), motte_cap_kind(-1), motte_cap_kind(3), motte_cap_kind(4097),
           motte_cap_kind((int)0x80000001));
    printf("high %d ", kind((1l << 32) + ends[0]));
    motte_cap_drop(ends[1]);
    printf("dropped %d ", motte_cap_kind(ends[1]));
    int result;
    while ((result = motte_cap_copy(ends[0])) > 0)
        ;
    printf("full %d\n", result);
    return 0;
}
