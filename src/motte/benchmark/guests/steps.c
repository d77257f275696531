/* A function that takes as long as is wanted. */

void steps(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        __asm__ volatile("" : "+r"(i));
}
