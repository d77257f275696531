/* idea: keep the CPU
   stopped by: a CPU-time limit enforced by signals, with no code in the loop
   time: 0.2
   expect: 124 CPU_LIMIT */
int main(void)
{
    volatile int spinning = 1;
    while (spinning)
        continue;
    return 0;
}
