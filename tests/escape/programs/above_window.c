/* idea: an access that begins at the window's last bytes and continues past its end
   stopped by: the last pages are unmapped, and the next slot begins with a guard
   expect: 139 UNMAPPED read 0xfffffffc */
int main(void)
{
    volatile unsigned long forged = 0xfffffffcul;
    return (int)*(volatile long *)forged;
}
