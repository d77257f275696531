/* Takes away the program that its cell runs, and then asks the kernel for something, or goes round for ever. */
int main(int argc, char **argv)
{
    long result = 11; /* munmap */
    __asm__ volatile("syscall" : "+a"(result) : "D"(0x200000000000), "S"(1 << 22) : "rcx", "r11", "memory");
    for (volatile int i = 0; argc > 1; i = i + 1)
        ;
    return (int)result;
}
