/* idea: an aligned vector access to an odd address, whose fault carries no address
   stopped by: the instruction is decoded and the fault named
   expect: 139 MISALIGNED */
typedef float vector __attribute__((vector_size(16)));
static char buffer[64] __attribute__((aligned(64)));
int main(void)
{
    char *volatile p = buffer + 1;
    volatile vector *v = (volatile vector *)p;
    vector x = *v;
    return (int)x[0];
}
