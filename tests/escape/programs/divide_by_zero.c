/* idea: provoke the CPU's divide error
   stopped by: it is caught and classified
   expect: 136 DIVIDE */
int main(void)
{
    volatile int zero = 0, one = 1;
    return one / zero;
}
