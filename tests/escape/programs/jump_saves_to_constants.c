/* idea: let the host write the registers over a constant
   stopped by: the copy to guest memory fails
   expect: 139 KERNEL_CALL_MISUSE write */
static const long buffer[8] = {1};
int motte_setjmp(const void *buffer);
int main(void) { return motte_setjmp(buffer); }
