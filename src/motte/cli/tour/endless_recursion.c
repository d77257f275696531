/* Calls itself until the stack is gone, and uses every level so that no compiler makes a loop of it. */
static int fall(volatile int depth) {
    return fall(depth + 1) + depth;
}

int main(void) {
    return fall(0);
}
