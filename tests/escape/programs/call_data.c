/* idea: put machine code in a data array and call it
   stopped by: a data address is only an index into the function table, and no function's
   expect: 139 BAD_INDIRECT_CALL */
static unsigned char code[4096] __attribute__((aligned(4096))) = {0xb8, 0x2a, 0, 0, 0, 0xc3};
int main(void)
{
    unsigned char *volatile p = code;
    return ((int (*)(void))(unsigned long)p)();
}
