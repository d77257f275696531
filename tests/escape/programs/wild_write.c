/* idea: write host memory through a forged 47-bit pointer
   stopped by: only the low 32 bits of an address take part in addressing
   expect: 139 UNMAPPED write 0xdeadbee0 */
int main(void)
{
    volatile unsigned long forged = 0x00007fffdeadbee0ul;
    *(volatile int *)forged = 1;
    return 0;
}
