/* idea: step over the gap with one enormous frame
   stopped by: large and variable frames are compared with the limit
   expect: 139 DATA_STACK_OVERFLOW */
static int use(volatile char *p, unsigned long n)
{
    p[0] = 1;
    return p[0] + (int)n;
}
int main(void)
{
    volatile unsigned long size = 1ul << 30;
    char big[size];
    return use(big, size);
}
