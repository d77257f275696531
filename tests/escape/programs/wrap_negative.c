/* idea: reach the native stack, which lies below the window, with a negative offset
   stopped by: the effective address is truncated to 32 bits: it is the top of the window
   expect: 139 UNMAPPED write 0xfffff000 */
int main(void)
{
    volatile long below = -4096;
    *(volatile long *)below = 0x4141414141414141;
    return 0;
}
