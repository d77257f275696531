/* idea: end with a signal
   stopped by: signals exist only inside the guest
   expect: 134 */
#include <stdlib.h>
int main(void) { abort(); }
