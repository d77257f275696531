/* idea: patch a function's instructions
   stopped by: a function pointer is a small table offset: below 64 KiB nothing is mapped
   expect: 139 NULL_PAGE write */
static int victim(void) { return 1; }
int main(void)
{
    int (*volatile f)(void) = victim;
    *(volatile unsigned char *)(unsigned long)f = 0xc3;
    return f();
}
