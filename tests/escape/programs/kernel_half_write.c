/* idea: write kernel memory
   stopped by: truncation to 32 bits
   expect: 139 UNMAPPED write 0xf0000000 */
int main(void)
{
    volatile unsigned long forged = 0xfffffffff0000000ul;
    *(volatile char *)forged = 1;
    return 0;
}
