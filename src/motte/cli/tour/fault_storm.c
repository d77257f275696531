/* Faults again and again: each time its keeper lets it go on, and it pays for the keeper's time, too. */
int main(void) {
    for (;;) {
        *(volatile char *)0x90000000 = 1;
    }
}
