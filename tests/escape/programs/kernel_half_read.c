/* idea: read kernel memory through the direct map's address
   stopped by: truncation to 32 bits leaves an address in the unmapped first 64 KiB
   expect: 139 NULL_PAGE read 0x40 */
int main(void)
{
    volatile unsigned long forged = 0xffff888000000040ul;
    return *(volatile int *)forged;
}
