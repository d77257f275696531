/* Wants the CPU for ever. Nothing in this loop asks anybody whether it may go on. */
int main(void) {
    volatile unsigned turns = 0;
    for (;;) {
        turns++;
    }
}
