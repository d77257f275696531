/* idea: an illegal instruction
   stopped by: it is caught and classified
   expect: 132 ILLEGAL_INSTRUCTION */
int main(void)
{
    volatile int one = 1;
    if (one)
        __builtin_trap();
    return 0;
}
