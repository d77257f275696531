/* idea: change a constant that the compiler relied on
   stopped by: constants are mapped read-only
   expect: 139 READ_ONLY write */
static const char text[] = "constant";
int main(void)
{
    const char *volatile p = text;
    *(volatile char *)(unsigned long)p = 'K';
    return 0;
}
