/* idea: call a function with fewer stack arguments than it reads, to see the caller's frame
   stopped by: the class check: the class fixes the number of stack arguments
   expect: 139 BAD_INDIRECT_CALL */
static long many(long a, long b, long c, long d, long e, long f, long g, long h) { return a + b + c + d + e + f + g + h; }
static long (*volatile pointer)(long, long, long, long, long, long, long, long) = many;
int main(void)
{
    long (*few)(long) = (long (*)(long))pointer;
    return (int)few(1);
}
