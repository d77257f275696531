/* Calls an address of its own choice: its data, which it has filled with machine code. */
static unsigned char shellcode[] = {0xb8, 0x3b, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xc3};

int main(void) {
    void (*volatile entry)(void) = (void (*)(void))shellcode;
    entry();
    return 0;
}
