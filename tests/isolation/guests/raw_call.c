/* Asks the operating system by itself. */
int main(int argc, char **argv)
{
    long result = argc > 1 ? 39 /* getpid */ : 257 /* openat */;
    __asm__ volatile("syscall" : "+a"(result) : "D"(0), "S"("/etc/passwd"), "d"(0) : "rcx", "r11", "memory");
    return (int)result;
}
