/* idea: call an address of the host
   stopped by: function pointers are table offsets; small ones and unaligned ones name no function
   expect: 139 BAD_INDIRECT_CALL */
int main(void)
{
    volatile unsigned long forged = 0x400;
    return ((int (*)(void))forged)();
}
