/* idea: let the host read the buffer from where nothing is
   stopped by: the copy of guest memory fails
   expect: 139 KERNEL_CALL_MISUSE read 0x70000000 */
void motte_longjmp(void *buffer, int value);
int main(void) { motte_longjmp((void *)0x70000000, 1); }
